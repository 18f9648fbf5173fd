import Core
import DomainKit
import EventLog
import Store

/// Looks again at what forgets by itself, when it should have: then the receipt says that nothing is left, or until when
/// something is.
struct Rechecks: Sendable {
    /// It is looked again after so many hours, where something is left.
    private static let more: Int64 = 24
    let database: Database
    let holdings: [Holding]
    let subjects: Subjects
    let log: any EventLog

    /// One store of one deletion.
    func run() async throws -> Job.Outcome {
        let rows = try await database.query(
            """
            SELECT d.id, d.subject, (extract(epoch FROM d.done_at) * 1000)::bigint AS done_at, s.name
            FROM deletion_stores s JOIN deletions d ON d.id = s.deletion_id
            WHERE s.kept_hours IS NOT NULL AND d.state = 'done' AND d.subject IS NOT NULL
                AND d.done_at + make_interval(hours => s.kept_hours) <= now()
            ORDER BY d.done_at, s.place LIMIT 1
            """)
        guard let row = rows.first else { return .idle }
        let (deletion, name) = (try row.id("id"), try row.text("name"))
        let user = subjects.open(try row.bytes("subject"), of: deletion)
        let left = try await left(in: name, of: user, since: try row.integer("done_at"))
        if left == 0 {
            try await database.query(
                """
                UPDATE deletion_stores SET remaining = 0, kept_hours = NULL, why = NULL, checked_at = now()
                WHERE deletion_id = \(deletion) AND name = \(name)
                """)
        } else {
            Log.warning(
                .erasedStillThere, ["deletion": .text(deletion.description), "store": .text(name)])
            // From now on, not from the end of the deletion: the worker may have been away.
            try await database.query(
                """
                UPDATE deletion_stores s SET checked_at = now(),
                    kept_hours = ceil(extract(epoch FROM now() - d.done_at) / 3600)::int + \(Self.more)::int
                FROM deletions d
                WHERE s.deletion_id = \(deletion) AND s.name = \(name) AND d.id = s.deletion_id
                """)
        }
        return .more
    }

    /// - Returns: more than 0 as well where nobody can say.
    private func left(in name: String, of user: ID?, since doneAt: Int64) async throws -> Int {
        guard let holding = holdings.first(where: { $0.name == name }) else {
            // A version of before, or after, has the store.
            return 1
        }
        switch holding.means {
        case .agesOut(_, _, .topic(let topic)): return try await log.hasRecords(in: topic, before: doneAt) ? 1 : 0
        case .agesOut(_, _, .count(let count)):
            guard let user else { return 1 }
            return try await count(user)
        case .erased: return 1
        }
    }
}
