public import Accounts
import Core
public import Crypto
public import DomainKit
public import EventLog
public import HTTPService
public import Relations
import SiteKeys
public import Store

/// Who leaves is erased, wherever a domain holds something of him, and gets a receipt.
public struct ErasureDomain: Domain {
    public static let migrations = ErasureMigrations.all

    private let resources: Resources
    private let accounts: AccountsDomain
    private let eraserName = uuidV7(clock: SystemClock())
    private let audience: AudienceChanges
    /// Of all domains, in the order in which they are emptied.
    public let allHoldings: [Holding]
    /// Signs receipts and exports; its public key is at `/v1/keys`.
    public let signer: SigningKey

    private let schema: Int

    /// - Parameters:
    ///   - holdings: of all domains, in the order in which they are emptied.
    ///   - schema: the number of the last migration.
    public init(
        _ resources: Resources, accounts: AccountsDomain, relations: RelationsDomain,
        holdings: [Holding], schema: Int
    ) {
        self.schema = schema
        self.resources = resources
        self.accounts = accounts
        audience = relations.changes
        allHoldings = holdings
        signer = SigningKey(seed: resources.secrets.keys("receipts").current)
    }

    private var receipts: Receipts {
        Receipts(database: resources.database, key: signer, published: publishedKeys)
    }

    private var publishedKeys: PublicKeys { PublicKeys(resources.database, of: "receipts") }

    /// Before anything is signed: the key is shown for good, with which it can be checked.
    public func publishKey() async throws { try await publishedKeys.publish(signer.publicKey) }

    /// Of who has asked to be erased.
    public var exports: [ExportedFile] {
        [
            ExportedFile("deletions", from: ["deletions"]) { user, position, limit in
                """
                SELECT id, state, (extract(epoch FROM erase_at) * 1000)::bigint AS erase_at FROM deletions
                WHERE user_id = \(user) AND id > \(position) ORDER BY id LIMIT \(limit)
                """
            } line: { row, writer in
                writer.appendBegin(try row.id("id"))
                writer.append(key: "state", of: try row.text("state"))
                writer.append(key: "erase_at", time: try row.integer("erase_at"))
                writer.append(ascii: "}")
            }
        ]
    }

    public var operations: [Operation] {
        DeletionOperations(
            accounts: accounts.accounts, password: accounts.passwordCheck,
            deletions: Deletions(ids: resources.ids), receipts: receipts, writes: resources.writes,
            audience: audience
        ).all
    }

    public func jobs(_ log: any EventLog) -> [Job] {
        let database = resources.connections.scans.database
        let eraser = Eraser(
            name: eraserName, database: database, holdings: allHoldings, subjects: subjects, schema: schema)
        let rechecks = Rechecks(database: database, holdings: allHoldings, subjects: subjects, log: log)
        return [
            Job("erasure", restSeconds: 1) { try await eraser.run() },
            Job("receipts", restSeconds: 60) { try await rechecks.run() },
        ]
    }

    public var upkeep: [UpkeepStep] {
        let (database, gauge) = (resources.connections.scans.database, Metrics.shared.gauge(.overdue))
        let (subjects, reseals, toBeSealed) = (
            subjects, SealedSubjects(secrets: resources.secrets), Metrics.shared.gauge(.deletionsSealedBefore)
        )
        // Nobody must take it for the end before it was counted.
        if resources.secrets.isRotating { toBeSealed.set(-1) }
        return [
            UpkeepStep("seal deletions anew") {
                if let left = try await reseals.step(database, subjects) { toBeSealed.set(left) }
            },
            UpkeepStep("count overdue deletions") {
                let rows = try await database.query(
                    """
                    SELECT count(*) AS overdue FROM deletions
                    WHERE state <> 'done' AND erase_at < now() - interval '1 hour'
                    """)
                gauge.set(try rows[0].int("overdue"))
            },
        ]
    }

    private var subjects: Subjects {
        Subjects(box: SealedBox(ofStored: resources.secrets.keys("erased users")))
    }

    /// Whether something is left of those who were erased.
    public var audit: ErasureAudit {
        ErasureAudit(database: resources.connections.scans.database, holdings: allHoldings, subjects: subjects)
    }
}
