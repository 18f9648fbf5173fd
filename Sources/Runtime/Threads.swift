import CUv
import Core
import Glibc
import Synchronization

/// Starts a detached thread with a name that `top -H` and gdb show (15 bytes of it).
public func startThread(name: String, _ body: @escaping @Sendable () -> Void) {
    final class Box: Sendable {
        let name: String
        let body: @Sendable () -> Void
        init(_ name: String, _ body: @escaping @Sendable () -> Void) {
            self.name = name
            self.body = body
        }
    }
    var attributes = pthread_attr_t()
    pthread_attr_init(&attributes)
    pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
    pthread_attr_setstacksize(&attributes, 1 << 21)
    var thread = pthread_t()
    let status = pthread_create(
        &thread, &attributes,
        { argument in
            let box = Unmanaged<Box>.fromOpaque(argument!).takeRetainedValue()
            martlet_name_thread(String(box.name.prefix(15)))
            box.body()
            return nil
        }, Unmanaged.passRetained(Box(name, body)).toOpaque())
    precondition(status == 0, "pthread_create: \(status)")
    pthread_attr_destroy(&attributes)
}

/// A few threads for calls that block or burn (password hashing). Work beyond the queue's limit is refused, and so is
/// work that has waited for too long: whoever asked has little use for it, and others wait behind it.
public final class BlockingPool: Sendable {
    public struct Full: Error {}

    private struct State {
        var jobs: [@Sendable () -> Void] = []
    }

    private let state = Mutex<State>(State())
    private let limit: Int
    private let patience: UInt64
    private let waiting: Gauge
    private let available = Semaphore()

    /// - Parameters:
    ///   - limit: how many jobs may wait.
    ///   - patience: how long one may wait, in milliseconds.
    public init(name: String, threads: Int, limit: Int, patience: Int) {
        self.limit = limit
        self.patience = UInt64(patience) * 1_000_000
        waiting = Metrics.shared.queue(name, limit: limit)
        for index in 0..<threads {
            startThread(name: "\(name)-\(index)") { [self] in
                while true {
                    available.wait()
                    let job = state.withLock { state in
                        waiting.set(max(0, state.jobs.count - 1))
                        return state.jobs.isEmpty ? nil : state.jobs.removeFirst()
                    }
                    job?()
                }
            }
        }
    }

    public func run<T: Sendable>(_ work: @escaping @Sendable () throws -> T) async throws -> T {
        let deadline = monotonicNanoseconds() + patience
        return try await withCheckedThrowingContinuation { continuation in
            let accepted = state.withLock { state in
                guard state.jobs.count < limit else { return false }
                state.jobs.append {
                    guard monotonicNanoseconds() < deadline else { return continuation.resume(throwing: Full()) }
                    continuation.resume(with: Result { try work() })
                }
                waiting.set(state.jobs.count)
                return true
            }
            if accepted { available.signal() } else { continuation.resume(throwing: Full()) }
        }
    }
}
