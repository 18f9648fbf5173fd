import CUv
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

/// A few threads for calls that block or burn (password hashing). Work beyond the queue's limit is refused.
public final class BlockingPool: Sendable {
    public struct Full: Error {}

    private struct State {
        var jobs: [@Sendable () -> Void] = []
        var waiting = 0
    }

    private let state = Mutex<State>(State())
    private let limit: Int
    private let available = Semaphore()

    /// - Parameter limit: how many jobs may wait.
    public init(name: String, threads: Int, limit: Int) {
        self.limit = limit
        for index in 0..<threads {
            startThread(name: "\(name)-\(index)") { [self] in
                while true {
                    available.wait()
                    let job = state.withLock { $0.jobs.isEmpty ? nil : $0.jobs.removeFirst() }
                    job?()
                }
            }
        }
    }

    public func run<T: Sendable>(_ work: @escaping @Sendable () throws -> T) async throws -> T {
        try await withCheckedThrowingContinuation { continuation in
            let accepted = state.withLock { state in
                guard state.jobs.count < limit else { return false }
                state.jobs.append { continuation.resume(with: Result { try work() }) }
                return true
            }
            if accepted { available.signal() } else { continuation.resume(throwing: Full()) }
        }
    }
}
