import Dispatch
import Glibc
import Synchronization

/// Lines on their way to a descriptor, written by a thread of their own: who adds one never waits for the reader. When
/// the reader is too slow or gone, lines are dropped, counted, and told of when there is room again.
///
/// The descriptor is left as it is: a terminal or pipe is shared with other processes, and O_NONBLOCK with it.
public final class LineWriter: Sendable {
    private struct State {
        var bytes: [UInt8] = []
        var lines = 0
        var dropped = 0
        /// The thread waits for work.
        var isIdle = true
        var hasThread = false
    }

    private let descriptor: Int32
    private let limit: Int
    private let droppedTotal: Counter?
    /// Makes the line that tells how many were dropped.
    private let notice: @Sendable (Int) -> [UInt8]
    private let state = Mutex(State())
    private let work = DispatchSemaphore(value: 0)

    /// - Parameters:
    ///   - limit: bytes that may wait.
    ///   - dropped: counts lines that were not written.
    public init(
        descriptor: Int32, limit: Int = 1 << 18, dropped: Counter? = nil,
        notice: @escaping @Sendable (Int) -> [UInt8] = { Array("\($0) lines were dropped\n".utf8) }
    ) {
        self.descriptor = descriptor
        self.limit = limit
        droppedTotal = dropped
        self.notice = notice
    }

    /// - Parameter line: with its line feed.
    public func add(_ line: [UInt8]) {
        let (isFirst, wakes) = state.withLock { state in
            // Once a line was dropped, all are until the notice can take their place.
            if state.dropped > 0 || state.bytes.count + line.count > limit {
                state.dropped += 1
                droppedTotal?.add()
            } else {
                state.bytes.append(contentsOf: line)
                state.lines += 1
            }
            defer {
                state.isIdle = false
                state.hasThread = true
            }
            return (!state.hasThread, state.isIdle)
        }
        if isFirst { startThread() }
        if wakes { work.signal() }
    }

    /// Waits until all is written, but not for ever.
    public func flush(milliseconds: Int) {
        let end = monotonicNanoseconds() + UInt64(milliseconds) * 1_000_000
        while !state.withLock({ $0.isIdle }), monotonicNanoseconds() < end { usleep(500) }
    }

    private func startThread() {
        var thread = pthread_t()
        let status = pthread_create(
            &thread, nil,
            { argument in
                Unmanaged<LineWriter>.fromOpaque(argument!).takeRetainedValue().run()
                return nil
            }, Unmanaged.passRetained(self).toOpaque())
        precondition(status == 0, "pthread_create: \(status)")
        pthread_detach(thread)
    }

    private func run() {
        var isWithinLine = false
        while true {
            let taken = state.withLock { state in
                let taken = (bytes: state.bytes, lines: state.lines, dropped: state.dropped)
                (state.bytes, state.lines, state.dropped) = ([], 0, 0)
                state.isIdle = taken.bytes.isEmpty && taken.dropped == 0
                return taken
            }
            guard !taken.bytes.isEmpty || taken.dropped > 0 else {
                work.wait()
                continue
            }
            // The rest of a line that was cut off by a full disk does not come any more.
            if isWithinLine { isWithinLine = !write([10]) }
            if !write(taken.bytes[...]) {
                droppedTotal?.add(taken.lines)
                isWithinLine = true
            }
            if taken.dropped > 0, !write(notice(taken.dropped)[...]) { isWithinLine = true }
        }
    }

    /// Blocks until the reader has taken it. Whole lines at a time, of a size that a pipe takes in one piece, so that
    /// lines of several processes do not mix.
    /// - Returns: false when it can't be written: the disk is full, or nobody will ever read it.
    private func write(_ bytes: ArraySlice<UInt8>) -> Bool {
        var rest = bytes
        while !rest.isEmpty {
            var piece = rest.prefix(Int(PIPE_BUF))
            if piece.count < rest.count, let end = piece.lastIndex(of: 10) { piece = piece[...end] }
            let count = piece.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count >= 0 {
                rest = rest.dropFirst(count)
            } else if errno == EAGAIN {
                // Somebody else has made it non-blocking.
                var watched = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                _ = poll(&watched, 1, 1000)
            } else if errno != EINTR {
                return false
            }
        }
        return true
    }
}
