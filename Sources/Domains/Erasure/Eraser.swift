import Core
import DomainKit
import Store

/// Erases those whose time has come, one after the other, each store in turn, a little at a time: so others hardly notice,
/// and after a crash whoever goes on does so from where it stopped.
struct Eraser: Sendable {
    /// Rows of a step, more or less.
    private static let step = 200
    /// It rests so many times as long as a step has taken: others notice little (Tests/IntegrationTests/test_erasure.py).
    private static let restShare: UInt64 = 4
    /// After so many seconds without a step another one takes it over.
    private static let leaseSeconds: Int64 = 10

    private struct Deletion: Sendable {
        let id: ID
        let user: ID
    }

    let database: Database
    let holdings: [Holding]
    /// Of this process.
    private let name: String

    init(name: String, database: Database, holdings: [Holding]) {
        precondition(Set(holdings.map(\.name)).count == holdings.count, "two holdings have one name")
        self.name = name
        self.database = database
        self.holdings = holdings
    }

    /// Goes through all stores of one deletion.
    func run() async throws -> Job.Outcome {
        guard let deletion = try await claim() else { return .idle }
        for holding in holdings where !Task.isCancelled { try await empty(holding, deletion) }
        // Something may have come meanwhile; then all are gone through once more, after a rest.
        guard !Task.isCancelled, try await isClean(deletion) else { return .idle }
        try await finish(deletion)
        return .more
    }

    private func claim() async throws -> Deletion? {
        let places = holdings.indices.map { Int64($0) }
        let rows = try await database.query(
            """
            UPDATE deletions SET state = 'running', eraser = \(name),
                leased_until = now() + make_interval(secs => \(Self.leaseSeconds)::int)
            WHERE id = (
                SELECT id FROM deletions
                WHERE state <> 'done' AND erase_at <= now()
                    AND (leased_until IS NULL OR leased_until < now() OR eraser = \(name))
                ORDER BY erase_at LIMIT 1 FOR UPDATE SKIP LOCKED)
            RETURNING id, user_id
            """)
        guard let row = rows.first else { return nil }
        let deletion = Deletion(id: try row.id("id"), user: try row.id("user_id"))
        // Of each store there is a row, also of those that a later version of this program has brought.
        try await database.query(
            """
            INSERT INTO deletion_stores (deletion_id, name, place) SELECT \(deletion.id)::bigint, name, place
            FROM unnest(\(holdings.map(\.name))::text[], \(places)::bigint[]) s (name, place)
            ON CONFLICT (deletion_id, name) DO UPDATE SET position = 0
            WHERE deletion_stores.position IS NULL
            """)
        return deletion
    }

    private func empty(_ holding: Holding, _ deletion: Deletion) async throws {
        switch holding.means {
        case .agesOut(let hours, let why):
            try await database.query(
                """
                UPDATE deletion_stores SET kept_hours = \(Int64(hours))::int, why = \(why), position = NULL,
                    checked_at = now()
                WHERE deletion_id = \(deletion.id) AND name = \(holding.name)
                """)
        case .erased(let erase, let count):
            while !Task.isCancelled {
                let began = monotonicNanoseconds()
                let isDone = try await step(holding, erase, isCounted: count != nil, deletion)
                if isDone { return }
                try? await Task.sleep(nanoseconds: Self.restShare * (monotonicNanoseconds() - began))
            }
        }
    }

    /// Its commit does not wait for the disk, for then those of others would wait for it. What a crash of PostgreSQL loses of
    /// it is done again: how far it is goes with it.
    /// - Returns: whether the pass is at its end.
    private func step(
        _ holding: Holding, _ erase: Holding.Erase, isCounted: Bool, _ deletion: Deletion
    ) async throws -> Bool {
        try await database.transaction { transaction in
            let begun = try await transaction.batch([
                Transaction.unhurried, renewal(deletion),
                "SELECT position FROM deletion_stores WHERE deletion_id = \(deletion.id) AND name = \(holding.name)",
            ])
            try check(begun[1])
            guard let position = try begun[2].first?.optionalInteger("position") else { return true }
            let done = try await erase(transaction, deletion.user, position, Self.step)
            // What can't be counted was there when a pass has found some, and is not when it has found nothing.
            try await transaction.commit([
                """
                UPDATE deletion_stores SET removed = removed + \(Int64(done.removed))::bigint,
                    position = \(done.next)::bigint, checked_at = now(),
                    remaining = CASE WHEN \(isCounted) THEN remaining ELSE 0 END
                WHERE deletion_id = \(deletion.id) AND name = \(holding.name)
                """
            ])
            return done.next == nil
        }
    }

    private func renewal(_ deletion: Deletion) -> SQL {
        """
        UPDATE deletions SET leased_until = now() + make_interval(secs => \(Self.leaseSeconds)::int)
        WHERE id = \(deletion.id) AND eraser = \(name) AND state = 'running'
        """
    }

    /// - Throws: `LostLease`: another one has taken it over.
    private func check(_ renewal: PgRows) throws {
        guard renewal.affected == 1 else { throw LostLease() }
    }

    /// Counts what is left.
    private func isClean(_ deletion: Deletion) async throws -> Bool {
        var left: Int64 = 0
        for holding in holdings {
            guard case .erased(_, let count?) = holding.means else { continue }
            let remaining = try await database.query(count(deletion.user))[0].integer("count")
            left += remaining
            try await database.query(
                """
                UPDATE deletion_stores SET remaining = \(remaining), checked_at = now()
                WHERE deletion_id = \(deletion.id) AND name = \(holding.name)
                """)
        }
        return left == 0
    }

    /// From here on nothing says whose it was.
    private func finish(_ deletion: Deletion) async throws {
        try await database.transaction { transaction in
            try check(try await transaction.query(renewal(deletion)))
            try await transaction.query(
                """
                UPDATE deletions SET state = 'done', done_at = now(), user_id = NULL, eraser = NULL, leased_until = NULL
                WHERE id = \(deletion.id)
                """)
        }
        Log.info(.accountErased, ["deletion": .text(deletion.id.description)])
    }
}

/// Another eraser goes on with it.
struct LostLease: Error, CustomStringConvertible {
    var description: String { "another worker has taken the deletion over" }
}
