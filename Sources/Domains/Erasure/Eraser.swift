import Core
import DomainKit
import Store

/// Erases those whose time has come, one after the other, each store in turn, a little at a time: so others hardly notice,
/// and after a crash whoever goes on does so from where it stopped.
struct Eraser: Sendable {
    /// Rows of a step, more or less.
    private static let step = 200
    /// After so many seconds without a step another one takes it over.
    private static let leaseSeconds: Int64 = 10
    /// How often is asked what is under way, and how many times, which ends before the lease.
    private static let lookEvery: UInt64 = 50_000_000
    private static let mostLooks = 100

    private struct Deletion: Sendable {
        let id: ID
        let user: ID
    }

    let database: Database
    let holdings: [Holding]
    let subjects: Subjects
    /// The number of the last migration that this program knows: of a later one it does not know what it holds.
    let schema: Int
    /// Of this process.
    private let name: String

    init(name: String, database: Database, holdings: [Holding], subjects: Subjects, schema: Int) {
        self.schema = schema
        precondition(Set(holdings.map(\.name)).count == holdings.count, "two holdings have one name")
        self.name = name
        self.database = database
        self.holdings = holdings
        self.subjects = subjects
    }

    /// Goes through all stores of one deletion.
    func run() async throws -> Job.Outcome {
        guard let deletion = try await claim() else { return .idle }
        do {
            try await settle()
            for holding in holdings where !Task.isCancelled { try await empty(holding, deletion) }
            guard !Task.isCancelled, try await isClean(deletion) else { return .idle }
            try await finish(deletion)
            return .more
        } catch {
            if !Task.isCancelled { try await postpone(deletion) }
            throw error
        }
    }

    private func claim() async throws -> Deletion? {
        let places = holdings.indices.map { Int64($0) }
        let rows = try await database.query(
            """
            UPDATE deletions SET state = 'running', eraser = \(name),
                leased_until = now() + make_interval(secs => \(Self.leaseSeconds)::int)
            WHERE id = (
                SELECT id FROM deletions
                WHERE state <> 'done' AND erase_at <= now() AND retry_at <= now()
                    AND NOT EXISTS (SELECT FROM schema_migrations WHERE number > \(schema))
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
            ON CONFLICT (deletion_id, name) DO NOTHING
            """)
        return deletion
    }

    /// Waits until nothing is under way any more that began before the deletion's time had come: what begins later writes
    /// nothing for the user (`Standing.leaving`). A transaction that somebody has forgotten is not waited for.
    private func settle() async throws {
        let now = try await database.query(
            "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint AS now")[0].integer("now")
        for _ in 0..<Self.mostLooks {
            let older = try await database.query(
                """
                SELECT count(*) FROM pg_stat_activity
                WHERE datname = current_database() AND pid <> pg_backend_pid() AND state <> 'idle'
                    AND xact_start < to_timestamp(\(now)::bigint / 1000000.0)
                """)[0].int("count")
            if older == 0 { return }
            try await Task.sleep(nanoseconds: Self.lookEvery)
        }
    }

    /// The others go first, and it is tried again after a time that doubles, an hour at most.
    private func postpone(_ deletion: Deletion) async throws {
        try await database.query(
            """
            UPDATE deletions SET attempts = attempts + 1,
                retry_at = now() + make_interval(secs => least(3600, 2 ^ least(attempts, 12)))
            WHERE id = \(deletion.id) AND eraser = \(name) AND state = 'running'
            """)
    }

    private func empty(_ holding: Holding, _ deletion: Deletion) async throws {
        switch holding.means {
        case .agesOut(let hours, let why, _):
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
                await Job.rest(since: began)
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

    /// Counts what is left. Where something has come meanwhile, all are gone through once more, after a rest.
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
        if left > 0 {
            try await database.query("UPDATE deletion_stores SET position = 0 WHERE deletion_id = \(deletion.id)")
        }
        return left == 0
    }

    /// From here on nothing in the database says whose it was but to who has the secret.
    private func finish(_ deletion: Deletion) async throws {
        try await database.transaction { transaction in
            try check(try await transaction.query(renewal(deletion)))
            try await transaction.query(
                """
                UPDATE deletions SET state = 'done', done_at = now(), user_id = NULL,
                    subject = \(subjects.seal(deletion.user, of: deletion.id)), eraser = NULL, leased_until = NULL
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
