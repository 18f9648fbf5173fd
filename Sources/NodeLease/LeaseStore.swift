import Core
import Store

/// The table `id_nodes`.
struct LeaseStore: Sendable {
    private static let attempts = 8
    let database: Database

    /// - Parameters:
    ///   - now: milliseconds since 1970, as are all times here.
    ///   - last: the latest time of an id of this process.
    /// - Returns: the number, and the time above which ids may be made with it.
    func take(now: Int64, last: Int64) async throws -> (lease: Lease, above: Int64) {
        for _ in 0..<Self.attempts {
            if let taken = try await tryToTake(now: now, last: last) { return taken }
        }
        throw NodeLeaseError.contended
    }

    /// - Returns: `nil` where the holder has renewed it in between.
    private func tryToTake(now: Int64, last: Int64) async throws -> (lease: Lease, above: Int64)? {
        // A name for this attempt alone: what an attempt with an unknown end has taken is nobody's, and falls silent.
        let token = Self.newToken()
        return try await database.transaction { transaction in
            let chosen = try LeaseRule.choose(from: try await Self.rows(transaction), now: now)
            let until = LeaseRule.until(now: now, last: max(last, chosen.idsUntil))
            let taken = try await transaction.query(
                """
                UPDATE id_nodes SET token = \(token), ids_until = \(until), renewed_at = clock_timestamp()
                WHERE number = \(chosen.number) AND token IS NOT DISTINCT FROM \(chosen.token)
                    AND ids_until = \(chosen.idsUntil)
                """)
            guard taken.affected == 1 else { return nil }
            return (Lease(number: chosen.number, token: token, idsUntil: until), chosen.idsUntil)
        }
    }

    /// Newcomers choose one after the other. No row is locked meanwhile: a newcomer that is paused here must not keep
    /// others from renewing.
    private static func rows(_ transaction: Transaction) async throws -> [NodeRow] {
        try await transaction.batch([
            "SELECT pg_advisory_xact_lock(7236473)",
            """
            SELECT number, token, ids_until,
                (extract(epoch FROM clock_timestamp() - renewed_at) * 1000)::bigint AS silence
            FROM id_nodes ORDER BY number
            """,
        ])[1].map { row in
            NodeRow(
                number: try row.int("number"), token: try row.optionalText("token"),
                idsUntil: try row.integer("ids_until"), silence: try row.integer("silence"))
        }
    }

    /// - Returns: false where the number is somebody else's.
    func renew(_ lease: Lease, until: Int64) async throws -> Bool {
        try await database.query(
            """
            UPDATE id_nodes SET ids_until = greatest(ids_until, \(until)), renewed_at = clock_timestamp()
            WHERE number = \(lease.number) AND token = \(lease.token)
            """
        ).affected == 1
    }

    /// For the next process, at once.
    /// - Parameter last: the latest time of an id with the number.
    func release(_ lease: Lease, last: Int64) async throws {
        try await database.query(
            """
            UPDATE id_nodes SET token = NULL, ids_until = \(last), renewed_at = clock_timestamp()
            WHERE number = \(lease.number) AND token = \(lease.token)
            """)
    }

    private static func newToken() -> String {
        String(UInt64.random(in: 0 ... .max), radix: 36) + String(UInt64.random(in: 0 ... .max), radix: 36)
    }
}
