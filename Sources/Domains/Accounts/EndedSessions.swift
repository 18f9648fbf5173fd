public import Core

/// Where it is written which sessions have ended.
public protocol EndedSessions: Sendable {
    /// Those of which a token may still be valid.
    /// - Parameter seconds: only what ended in so many; `nil`: all.
    /// - Returns: with each session when its longest token ends, in milliseconds since 1970.
    func endedSessions(withinSeconds seconds: Int64?) async throws -> [(session: ID, until: Int64)]

    /// All sessions up to this one have ended.
    func lastEnded() async throws -> ID
}
