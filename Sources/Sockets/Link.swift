import CLibwebsockets
import Core

/// A connection as libwebsockets has it, and what is known of its write side. Owned by the connection that uses it.
final class Link {
    /// It outlives the link's time at lws.
    unowned var owner: (any LinkOwner)?

    /// lws' connection; `nil` when it has gone or must not be written to any more.
    var wsi: OpaquePointer? {
        didSet { descriptor = wsi.map { lws_get_socket_fd($0) } ?? -1 }
    }
    private(set) var descriptor: Int32 = -1
    /// Bytes of it are in a batch.
    var isGathered = false
    /// lws holds bytes that the kernel did not take.
    private(set) var isBacklogged = false {
        didSet { SocketMetrics.shared.slow.add((isBacklogged ? 1 : 0) - (oldValue ? 1 : 0)) }
    }
    /// A write failed: the connection is to be closed.
    private(set) var hasFailed = false

    /// What the peer had acknowledged when the present window began, and when that was; 0: none has begun.
    private var acknowledged: UInt64 = 0
    private var windowStart: UInt64 = 0

    /// `false` when the connection is broken.
    func write(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard let wsi, !hasFailed else { return false }
        guard bytes.count > 0 else { return true }
        SocketMetrics.shared.written.add(bytes.count)
        return hand(bytes, to: wsi)
    }

    private func hand(_ bytes: UnsafeRawBufferPointer, to wsi: OpaquePointer) -> Bool {
        guard let base = bytes.baseAddress, bytes.count > 0 else { return true }
        guard martlet_lws_write(wsi, base, bytes.count) >= 0 else {
            hasFailed = true
            return false
        }
        if lws_partial_buffered(wsi) != 0 && !isBacklogged {
            isBacklogged = true
            windowStart = 0
        }
        return true
    }

    func drained() {
        isBacklogged = false
    }

    // MARK: In a batch

    var isWritable: Bool { wsi != nil && !hasFailed && !isBacklogged }

    /// What the kernel did not take of a run that was gathered.
    func writeRest(_ bytes: UnsafeRawBufferPointer, of count: Int) {
        guard let wsi else { return }
        let isAlive = hand(bytes, to: wsi)
        if !isAlive || isBacklogged { owner?.gatheredWaits(count, isAlive: isAlive) }
    }

    func gatheredWasLost(of count: Int) {
        hasFailed = true
        owner?.gatheredWaits(count, isAlive: false)
    }

    /// Nothing is written any more.
    func end() {
        wsi = nil
        isBacklogged = false
    }

    /// While backlogged: has the peer acknowledged too little for that long? Asked again and again. What counts is
    /// progress, however long a response takes in all; a peer that takes a byte now and then still holds memory.
    /// - Parameter leastRate: bytes a second.
    func isStalled(now: UInt64, timeout: Int, leastRate: Int) -> Bool {
        guard isBacklogged, wsi != nil else { return false }
        let seen = martlet_tcp_acknowledged(descriptor)
        if windowStart == 0 || seen >= acknowledged + UInt64(timeout * leastRate / 1000) {
            acknowledged = seen
            windowStart = now
            return false
        }
        return now - windowStart >= UInt64(timeout)
    }
}
