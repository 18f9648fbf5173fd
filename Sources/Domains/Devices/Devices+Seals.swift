import Core
import SiteKeys
import Store

/// Devices when the site's secret is changed: what another one has sealed is sealed anew.
extension Devices {
    /// At once.
    static let mostSealed = 200

    /// Those that the secret which signs has not sealed.
    private var isSealedBefore: SQL {
        "(d.sealed_by IS NULL OR d.sealed_by < \(sealedBy) OR d.sealed_by > \(sealedBy))"
    }

    /// How many the secret that signs has not sealed. None of these opens without the secret that has.
    func sealedBefore(_ database: Database) async throws -> Int {
        try await database.query("SELECT count(*) AS count FROM devices d WHERE \(isSealedBefore)")[0].int("count")
    }

    /// Seals some anew, and names their places by the new secret; nothing while there is a process that signs with another one, for that
    /// one may not open them. Those that nobody opens stay as they are: their secret may come back.
    /// - Returns: how many; `mostSealed`: there may be more.
    func sealAnew(_ database: Database) async throws -> Int {
        try await database.transaction { transaction in
            let turn = try await transaction.query(
                """
                SELECT pg_try_advisory_xact_lock(hashtextextended('devices sealed anew', 0))
                    AND \(SecretRegister.allSign(with: sealedBy)) AS is_mine
                """)
            guard try turn[0].bool("is_mine"), let place = seals.next(now: monotonicNanoseconds()) else { return 0 }
            let rows = try await transaction.query(
                """
                SELECT d.user_id, d.id, d.kind, d.sealed FROM devices d
                WHERE \(isSealedBefore) AND (d.user_id, d.id) > (\(place.user), \(place.device))
                ORDER BY d.user_id, d.id LIMIT \(Self.mostSealed) FOR NO KEY UPDATE SKIP LOCKED
                """)
            guard let last = rows.last else {
                seals.end(now: monotonicNanoseconds())
                return 0
            }
            seals.pass(try last.id("user_id"), try last.id("id"))
            var sealed: [(user: ID, id: ID, box: [UInt8], marks: [[UInt8]])] = []
            for row in rows {
                guard let content = content(row) else { continue }
                let (user, id) = (try row.id("user_id"), try row.id("id"))
                sealed.append((user, id, content.sealed(box, for: id), marks(of: content, user)))
            }
            guard !sealed.isEmpty else { return rows.count }
            // Where somebody has registered the same place meanwhile the older one is removed.
            let twice = try await transaction.query(
                """
                SELECT a.u AS user_id, a.d AS id
                FROM unnest(\(sealed.map(\.user))::bigint[], \(sealed.map(\.id))::bigint[], \(sealed.map(\.marks[0]))::bytea[])
                    a (u, d, m)
                JOIN devices o ON o.mark = a.m AND (o.user_id, o.id) <> (a.u, a.d)
                """)
            if !twice.isEmpty {
                try await remove(transaction, try twice.map { (try $0.id("user_id"), try $0.id("id")) })
            }
            try await transaction.query(
                """
                UPDATE devices d SET sealed = a.s, sealed_by = \(sealedBy), mark = a.m
                FROM unnest(
                    \(sealed.map(\.user))::bigint[], \(sealed.map(\.id))::bigint[], \(sealed.map(\.box))::bytea[],
                    \(sealed.map(\.marks[0]))::bytea[]) a (u, d, s, m)
                WHERE d.user_id = a.u AND d.id = a.d
                """)
            return rows.count
        }
    }
}
