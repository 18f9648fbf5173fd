import CLibwebsockets
import Core

/// A connection as libwebsockets has it, and what is known of its write side. Owned by the connection that uses it.
final class Link {
    /// Outlives the link's place at lws.
    unowned var owner: (any LinkOwner)?

    /// lws' connection; `nil` when it has gone or must not be written to any more.
    var wsi: OpaquePointer?
    /// lws holds bytes that the kernel did not take.
    private(set) var isBacklogged = false
    /// A write failed: the connection is to be closed.
    private(set) var hasFailed = false

    /// What the peer had acknowledged when the present window began, and when that was; 0: none has begun.
    private var acknowledged: UInt64 = 0
    private var windowStart: UInt64 = 0

    /// `false` when the connection is broken.
    func write(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard let wsi, !hasFailed else { return false }
        guard let base = bytes.baseAddress, bytes.count > 0 else { return true }
        SocketMetrics.shared.written.add(bytes.count)
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

    var descriptor: Int32 { wsi.map { lws_get_socket_fd($0) } ?? -1 }

    /// While backlogged: has the peer acknowledged too little for so long? Asked by the sweep. Progress counts, however
    /// long an answer takes in all; one that takes a byte now and then holds memory all the same.
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
