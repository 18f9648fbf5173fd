import Core

/// Work that takes long and goes on by itself, in the role `worker`: in pieces, each of which may run twice.
public struct Job: Sendable {
    public enum Outcome: Sendable {
        /// There is more.
        case more
        /// There is nothing to do now.
        case idle
    }

    /// 1 to 32 of `a-z-`; unlike every consumer group.
    public let name: String
    /// How long it rests when there is nothing to do.
    public let restSeconds: Double
    /// One piece. What it throws is logged, and it is tried again after a rest.
    public let run: @Sendable () async throws -> Outcome

    public init(_ name: String, restSeconds: Double, run: @escaping @Sendable () async throws -> Outcome) {
        (self.name, self.restSeconds, self.run) = (name, restSeconds, run)
    }

    /// Between two steps of a piece: four times as long as the step has taken, so others notice little
    /// (Tests/IntegrationTests/test_erasure.py). At most two seconds: a step that waited for others is not one that disturbs.
    /// - Parameter began: when the step began, in nanoseconds of the monotonic clock.
    public static func rest(since began: UInt64) async {
        try? await Task.sleep(nanoseconds: min(4 * (monotonicNanoseconds() - began), 2_000_000_000))
    }
}
