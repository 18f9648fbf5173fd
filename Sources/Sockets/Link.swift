import CLibwebsockets
import Core

/// A connection as libwebsockets has it, and what is known of its write side: the part of an `HTTPConnection` that is below
/// HTTP. It comes first in memory, for each frame touches it and little else.
class Link {
    /// lws' connection; `nil` when it has gone or must not be written to any more.
    final var wsi: OpaquePointer? {
        didSet { descriptor = wsi.map { lws_get_socket_fd($0) } ?? -1 }
    }
    final private(set) var descriptor: Int32 = -1
    /// Bytes of it are in a batch.
    final var isGathered = false
    /// lws holds bytes that the kernel did not take.
    final private(set) var isBacklogged = false {
        didSet { SocketMetrics.shared.slow.add((isBacklogged ? 1 : 0) - (oldValue ? 1 : 0)) }
    }
    /// A write failed: the connection is to be closed.
    final private(set) var hasFailed = false
    /// Frames may be written: it has an open WebSocket.
    final var takesFrames = false

    // MARK: What happens to it

    /// - Returns: false to have lws close the connection.
    func received(_ bytes: UnsafeRawBufferPointer) -> Bool { preconditionFailure("a link alone") }

    /// What was received may be looked at now (`Turns`).
    func takeTurn() { preconditionFailure("a link alone") }

    /// The kernel has taken what lws kept.
    func drained() { preconditionFailure("a link alone") }

    /// What was gathered could not go out at once: it waits with lws, or the connection is broken.
    /// - Parameter count: bytes of the whole run.
    func gatheredWaits(_ count: Int, isAlive: Bool) { preconditionFailure("a link alone") }

    /// lws has closed the connection, at our word or at the peer's.
    func lost() { preconditionFailure("a link alone") }

    // MARK: Writing

    /// `false` when the connection is broken.
    final func writeNow(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard let wsi, !hasFailed else { return false }
        guard bytes.count > 0 else { return true }
        SocketMetrics.shared.written.add(bytes.count)
        return hand(bytes, to: wsi)
    }

    private final func hand(_ bytes: UnsafeRawBufferPointer, to wsi: OpaquePointer) -> Bool {
        guard let base = bytes.baseAddress, bytes.count > 0 else { return true }
        guard martlet_lws_write(wsi, base, bytes.count) >= 0 else {
            hasFailed = true
            return false
        }
        if lws_partial_buffered(wsi) != 0 && !isBacklogged {
            isBacklogged = true
            window = nil
        }
        return true
    }

    final func backlogHasGone() {
        isBacklogged = false
    }

    // MARK: In a batch

    final var isWritable: Bool { wsi != nil && !hasFailed && !isBacklogged }

    /// What the kernel did not take of a run that was gathered.
    final func writeRest(_ bytes: UnsafeRawBufferPointer, of count: Int) {
        guard let wsi else { return }
        let isAlive = hand(bytes, to: wsi)
        if !isAlive || isBacklogged { gatheredWaits(count, isAlive: isAlive) }
    }

    final func gatheredWasLost(of count: Int) {
        hasFailed = true
        gatheredWaits(count, isAlive: false)
    }

    /// Nothing is written any more.
    final func endLink() {
        wsi = nil
        isBacklogged = false
    }

    /// While backlogged: has the peer acknowledged too little for that long? Asked again and again. What counts is
    /// progress, however long a response takes in all; a peer that takes a byte now and then still holds memory.
    /// - Parameter leastRate: bytes a second.
    final func isStalled(now: UInt64, timeout: Int, leastRate: Int) -> Bool {
        guard isBacklogged, wsi != nil else { return false }
        let seen = martlet_tcp_acknowledged(descriptor)
        guard let window, seen < window.acknowledged + UInt64(timeout * leastRate / 1000) else {
            window = Window(acknowledged: seen, start: now)
            return false
        }
        return now - window.start >= UInt64(timeout)
    }

    /// What the peer had acknowledged when the present window began, and when that was. Few connections have one.
    private final class Window {
        let acknowledged: UInt64
        let start: UInt64

        init(acknowledged: UInt64, start: UInt64) {
            self.acknowledged = acknowledged
            self.start = start
        }
    }
    private final var window: Window?
}
