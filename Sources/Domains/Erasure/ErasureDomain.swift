public import Accounts
import Core
import Crypto
public import DomainKit
public import HTTPService
public import Relations
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
    }

    private var receipts: Receipts {
        Receipts(
            database: resources.database,
            key: SigningKey(seed: Crypto.derivedKey("receipts", from: resources.secret)))
    }

    public var operations: [Operation] {
        DeletionOperations(
            accounts: accounts.accounts, password: accounts.passwordCheck,
            deletions: Deletions(ids: resources.ids), receipts: receipts, writes: resources.writes,
            audience: audience
        ).all
    }

    public var jobs: [Job] {
        let eraser = Eraser(
            name: eraserName, database: resources.connections.scans.database, holdings: allHoldings, schema: schema)
        return [Job("erasure", restSeconds: 1) { try await eraser.run() }]
    }
}
