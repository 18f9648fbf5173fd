/// The work did not end within its time.
public struct DeadlineExceeded: Error, Equatable {
    public init() {}
}

/// Waits for the work, at most for the given time; then the work is cancelled. The work must heed cancellation.
public func withDeadline<T: Sendable>(
    milliseconds: Int, _ work: @escaping @Sendable () async throws -> T
) async throws -> T {
    try await withThrowingTaskGroup(of: T.self) { group in
        group.addTask { try await work() }
        group.addTask {
            try await Task.sleep(nanoseconds: UInt64(milliseconds) * 1_000_000)
            throw DeadlineExceeded()
        }
        defer { group.cancelAll() }
        return try await group.next()!
    }
}

/// Repeats the work until it succeeds, with growing pauses, and says each failure. For pipelines that must not skip.
public func untilItSucceeds<T: Sendable>(
    _ what: String, onFailure: @Sendable (any Error, Int) -> Void, _ work: @Sendable () async throws -> T
) async throws -> T {
    var attempt = 0
    while true {
        do {
            return try await work()
        } catch is CancellationError {
            throw CancellationError()
        } catch {
            attempt += 1
            onFailure(error, attempt)
            let pause = min(50 << min(attempt, 6), 2000)
            try await Task.sleep(nanoseconds: UInt64(pause) * 1_000_000)
        }
    }
}
