import Core
public import Crypto
public import DomainKit
public import EventLog
public import HTTPService
public import Store

/// Users get what is held of their accounts, as an archive.
public struct ExportsDomain: Domain {
    public static let migrations = ExportsMigrations.all

    private let resources: Resources
    private let name = uuidV7(clock: SystemClock())
    /// Of all domains, in the order in which they are in the archive.
    public let allFiles: [ExportedFile]
    private let signer: SigningKey

    /// - Parameters:
    ///   - files: of all domains, in the order in which they are in the archive.
    ///   - signer: signs manifests.
    public init(_ resources: Resources, files: [ExportedFile], signer: SigningKey) {
        precondition(Set(files.map(\.name)).count == files.count, "two files of an export have one name")
        (self.resources, self.signer) = (resources, signer)
        allFiles = files
    }

    public var operations: [Operation] {
        ExportOperations(
            exports: Exports(
                database: resources.database, ids: resources.ids,
                keys: resources.secrets.keys("export keys")),
            writes: resources.writes, lists: resources.lists, cursors: resources.cursors
        ).all
    }

    public func jobs(_ log: any EventLog) -> [Job] {
        let database = resources.connections.scans.database
        let exporter = Exporter(
            database: database, files: allFiles,
            packer: Packer(database: database, signer: signer, clock: resources.clock), name: name)
        return [Job("exports", restSeconds: 1) { try await exporter.run() }]
    }

    public var upkeep: [UpkeepStep] {
        let (database, gauge) = (resources.connections.scans.database, Metrics.shared.gauge(.overdue))
        return [
            UpkeepStep("count overdue exports") {
                let rows = try await database.query(
                    """
                    SELECT count(*) AS overdue FROM exports
                    WHERE state IN ('waiting', 'running') AND requested_at < now() - interval '1 hour'
                    """)
                gauge.set(try rows[0].int("overdue"))
            }
        ]
    }

    public static let holdings: [Holding] = [
        .rows("export_chunks", ["export_id"]) { "export_id IN (SELECT id FROM exports WHERE user_id = \($0))" },
        .rows("export_parts", ["export_id"]) { "export_id IN (SELECT id FROM exports WHERE user_id = \($0))" },
        .rows("exports", ["user_id"]) { "user_id = \($0)" },
    ]

    public var holdings: [Holding] { Self.holdings }
}
