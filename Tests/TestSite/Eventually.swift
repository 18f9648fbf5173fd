import Core

/// Waits until it is so: for what happens on other threads, where nothing tells of it.
/// - Throws: `NotInTime` after ten seconds.
public func eventually(_ condition: @Sendable () async throws -> Bool) async throws {
    let deadline = monotonicNanoseconds() + 10_000_000_000
    while try await !condition() {
        guard monotonicNanoseconds() < deadline else { throw NotInTime() }
        try await Task.sleep(nanoseconds: 1_000_000)
    }
}

public struct NotInTime: Error {}
