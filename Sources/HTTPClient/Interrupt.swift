import Core
import Glibc

/// Ends what a client does, from any thread, once and for all: a pipe that is readable from then on.
public final class Interrupt: Sendable {
    /// Readable once it has fired; for those who wait with `poll` by themselves.
    public let descriptor: Int32
    private let writer: Int32

    public init() {
        var ends: [Int32] = [0, 0]
        precondition(pipe(&ends) == 0, "pipe: \(errno)")
        descriptor = ends[0]
        writer = ends[1]
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        _ = fcntl(writer, F_SETFL, O_NONBLOCK)
    }

    public func fire() {
        var byte: UInt8 = 1
        _ = write(writer, &byte, 1)
    }

    public var hasFired: Bool { !sleep(milliseconds: 0) }

    /// Blocks the thread.
    /// - Returns: false as soon as it has fired.
    public func sleep(milliseconds: Int) -> Bool {
        let end = monotonicNanoseconds() + UInt64(max(0, milliseconds)) * 1_000_000
        while true {
            let now = monotonicNanoseconds()
            let rest = end > now ? Int32(clamping: (end - now + 999_999) / 1_000_000) : 0
            var watched = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            if poll(&watched, 1, rest) > 0 { return false }
            if monotonicNanoseconds() >= end { return true }
        }
    }

    deinit {
        close(descriptor)
        close(writer)
    }
}
