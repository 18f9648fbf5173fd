import Core
import Crypto
import HTTPService
import SiteKeys
import Store

/// Reads receipts, and signs them.
struct Receipts: Sendable {
    let database: Database
    let key: SigningKey
    /// All that the site has signed receipts with.
    let published: PublicKeys

    /// - Parameter receiptKey: that was given with the deletion.
    /// - Throws: `Problem` where there is no such deletion, or it has another key.
    func read(_ id: ID, key receiptKey: String) async throws -> [UInt8] {
        let results = try await database.batch([
            """
            SELECT key_hash, state, (extract(epoch FROM erase_at) * 1000)::bigint AS erase_at,
                (extract(epoch FROM done_at) * 1000)::bigint AS done_at
            FROM deletions WHERE id = \(id)
            """,
            """
            SELECT name, removed, remaining, (extract(epoch FROM checked_at) * 1000)::bigint AS checked_at, kept_hours, why
            FROM deletion_stores WHERE deletion_id = \(id) ORDER BY place
            """,
        ])
        guard let row = results[0].first,
            Crypto.equal(try row.bytes("key_hash"), Deletions.hash(receiptKey)),
            let state = Receipt.State(rawValue: try row.text("state"))
        else { throw Problem(.notFound, "there is no deletion \(id) with this key") }
        let doneAt = try row.optionalInteger("done_at")
        return Receipt(
            id: id, key: receiptKey, state: state, eraseAt: try row.integer("erase_at"),
            stores: try results[1].map { try Self.store($0, doneAt: doneAt) }
        ).signed(by: key)
    }

    private static func store(_ row: PgRow, doneAt: Int64?) throws -> Receipt.Store {
        let checkedAt = try row.integer("checked_at")
        return Receipt.Store(
            name: try row.text("name"), removed: try row.integer("removed"), left: try row.optionalInteger("remaining"),
            checkedAt: checkedAt,
            keptUntil: try row.optionalInteger("kept_hours").map { (doneAt ?? checkedAt) + $0 * 3_600_000 },
            why: try row.optionalText("why"))
    }
}
