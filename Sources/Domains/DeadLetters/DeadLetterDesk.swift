import Administration
public import Consumers
public import Core
import HTTPService
public import Store

/// What people do to dead letters; the audit has each.
public struct DeadLetterDesk: Sendable {
    /// Letters a second that a redrive may have.
    public static let rates = 1...1000
    /// Letters that one transaction removes.
    public static let mostPurged = 10_000
    public let letters: DeadLetters
    let administration: Administration
    let clock: any WallClock

    /// - Parameters:
    ///   - rate: letters a second.
    ///   - isForced: also those that have been redriven as often as they may without a word.
    ///   - actor: `nil`: the operator.
    /// - Returns: the number of the redrive, which a worker carries out.
    public func redrive(
        _ transaction: Transaction, _ filter: DeadLetterFilter, rate: Int, isForced: Bool = false, by actor: ID?,
        _ context: TraceContext
    ) async throws -> Int64 {
        let most = isForced ? Int(Int32.max) : DeadLetters.mostRedrives
        let id = try await transaction.query(
            DeadLetters.begin(filter, rate: rate, mostRedrives: most, now: clock.milliseconds()))[0].integer("id")
        let after = Self.members(filter) + [("redrive", .integer(id)), ("rate", .integer(Int64(rate)))]
        try await transaction.query(
            try administration.audited(.redroveDeadLetters, by: actor, after: .object(JSONObject(after)), context))
        return id
    }

    /// Removes some for good, the oldest first.
    /// - Parameter most: as many, and no more than `mostPurged`: what has died since they were counted stays.
    /// - Returns: how many.
    public func purge(
        _ transaction: Transaction, _ filter: DeadLetterFilter, most: Int, by actor: ID?, _ context: TraceContext
    ) async throws -> Int {
        let gone = try await transaction.query(DeadLetters.purge(filter, limit: min(most, Self.mostPurged))).count
        let after = Self.members(filter) + [("purged", .integer(Int64(gone)))]
        try await transaction.query(
            try administration.audited(.purgedDeadLetters, by: actor, after: .object(JSONObject(after)), context))
        return gone
    }

    func check(_ caller: ID) async throws { try await administration.check(caller, is: .admin) }

    private static func members(_ filter: DeadLetterFilter) -> [(String, JSONValue)] {
        let all: [(String, JSONValue?)] = [
            ("group", filter.group.map { .string($0) }), ("reason", filter.reason.map { .string($0) }),
            ("provider", filter.provider.map { .string($0) }),
            ("ids", filter.ids.map { .array($0.prefix(100).map { .integer($0) }) }),
            ("died_after", filter.after.map { .string(rfc3339(milliseconds: $0)) }),
            ("died_before", filter.before.map { .string(rfc3339(milliseconds: $0)) }),
        ]
        return all.compactMap { name, value in value.map { (name, $0) } }
    }
}
