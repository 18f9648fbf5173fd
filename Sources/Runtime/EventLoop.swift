import CUv
import Core
import Glibc
import Synchronization

/// One thread that runs a libuv loop. What lives on a loop is touched by its thread only; everybody else posts to
/// the mailbox. Stop it once and for all with `stop()`.
///
/// `@unchecked Sendable`: `loop` and `wake` are written before the thread starts; afterwards only the loop's thread
/// touches `loop`, and `uv_async_send` on `wake` is the one call that libuv allows from any thread. The mailbox has
/// its own lock. Sockets, RedisLink and Store build on this one claim.
public final class EventLoop: @unchecked Sendable {
    public let name: String
    private let loop: UnsafeMutablePointer<uv_loop_t>
    private let wake: UnsafeMutablePointer<uv_async_t>
    private let mailbox = Mutex<Mailbox>(Mailbox())
    private let done = Gate()
    /// What had gathered by the last look; it is bounded by the requests and connections that post.
    private let gathered: Gauge
    private let threadID = Atomic<UInt>(0)

    private struct Job {
        let body: @Sendable () -> Void
        let dropped: (@Sendable () -> Void)?
    }

    private struct Mailbox {
        var jobs: [Job] = []
        var closed = false
    }

    /// The loop has stopped, and with it whoever would have answered.
    public struct Stopped: Error {
        public init() {}
    }

    public init(name: String) {
        self.name = name
        gathered = Metrics.shared.queue("loop_\(name)", limit: nil)
        loop = martlet_uv_loop_new()
        wake = martlet_uv_async_new()
        precondition(uv_loop_init(loop) == 0, "uv_loop_init")
        uv_async_init(loop, wake) { handle in
            let loop = Unmanaged<EventLoop>.fromOpaque(handle!.pointee.data).takeUnretainedValue()
            loop.drainMailbox()
        }
        wake.pointee.data = Unmanaged.passUnretained(self).toOpaque()
        startThread(name: name) { [self] in
            threadID.store(UInt(pthread_self()), ordering: .releasing)
            uv_run(loop, UV_RUN_DEFAULT)
            done.open()
        }
    }

    /// libuv's loop, for adapters that hand it to their C library. Use it on the loop's thread only.
    public var raw: UnsafeMutableRawPointer { UnsafeMutableRawPointer(loop) }

    public var isCurrent: Bool { threadID.load(ordering: .acquiring) == UInt(pthread_self()) }

    /// Traps when it is called on another thread, in release builds too: a confined type checks its owner with it, and
    /// going on would be a data race.
    public func assertCurrent() {
        guard isCurrent else { fatalError("not on the loop \(name)") }
    }

    /// Runs the job on the loop's thread, later, in the order of posting.
    /// - Parameter dropped: called instead, on any thread, when the loop has stopped. Whoever waits for the job needs it.
    public func post(_ job: @escaping @Sendable () -> Void, orElse dropped: (@Sendable () -> Void)? = nil) {
        let waiting = mailbox.withLock { mailbox -> Int? in
            guard !mailbox.closed else { return nil }
            mailbox.jobs.append(Job(body: job, dropped: dropped))
            return mailbox.jobs.count
        }
        if waiting == 1 { uv_async_send(wake) }
        if waiting == nil { dropped?() }
    }

    /// Runs the job on the loop's thread and waits for its result. Throws `Stopped` when the loop has stopped.
    public func run<T: Sendable>(_ job: @escaping @Sendable () throws -> T) async throws -> T {
        try await withCheckedThrowingContinuation { continuation in
            post(
                { continuation.resume(with: Result { try job() }) },
                orElse: { continuation.resume(throwing: Stopped()) })
        }
    }

    private func drainMailbox() {
        let jobs = mailbox.withLock { mailbox in
            let jobs = mailbox.jobs
            mailbox.jobs = []
            return jobs
        }
        gathered.set(jobs.count)
        for job in jobs { job.body() }
    }

    /// Runs what is in the mailbox, then ends the thread. Handles that are still open are left to the process's end.
    public func stop() {
        post { [self] in uv_stop(loop) }
        done.wait()
        let late = mailbox.withLock { mailbox in
            mailbox.closed = true
            defer { mailbox.jobs = [] }
            return mailbox.jobs
        }
        for job in late { job.dropped?() }
    }
}
