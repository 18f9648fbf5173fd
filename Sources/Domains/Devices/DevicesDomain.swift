public import Core
import Crypto
public import DomainKit
public import HTTPService
import Push
public import Store

/// Where users are pushed to, the site's key for Web Push, and the books of what is sent. Nothing is sent here.
public struct DevicesDomain: Domain {
    public static let migrations = DevicesMigrations.all
    public static let topics = [TopicPlan(DeviceEvent.topic, retentionHours: 24)]
    public static let liveKinds = KnownKinds(DeviceEvent.self)
    public static let liveEvents = DeviceNews.components

    private let resources: Resources
    private let options: DeviceOptions
    public let devices: Devices
    public let deliveries: Deliveries
    public let pushKey: SitePushKey
    /// They sign all webhooks, beside these secrets of their own.
    public let webhookKeys: WebhookKeys

    public init(_ resources: Resources, _ options: DeviceOptions = DeviceOptions()) {
        (self.resources, self.options) = (resources, options)
        devices = Devices(
            ids: resources.ids, clock: resources.clock, secrets: resources.secrets,
            allowsLoopback: options.allowsLoopback)
        deliveries = Deliveries(database: resources.connections.workers.database)
        pushKey = SitePushKey(resources.secrets)
        webhookKeys = WebhookKeys(resources.secrets.keys("signatures of webhooks"))
    }

    /// That nothing reaches a device any more.
    public func news(_ database: Database) -> [PersonalNews] {
        [
            PersonalNews(DeviceEvent.topic, DeviceEvent.self) { user, events in
                try await DeviceNews.told(events, to: user, database)
            }
        ]
    }

    public var operations: [Operation] {
        DeviceOperations(
            database: resources.database, devices: devices,
            tests: TestPushes(ids: resources.ids, clock: resources.clock), pushKey: pushKey,
            webhookKeys: webhookKeys, options: options, writes: resources.writes, lists: resources.lists,
            cursors: resources.cursors
        ).all
    }

    public var upkeep: [UpkeepStep] {
        let (database, devices) = (resources.connections.scans.database, devices)
        let books = Deliveries(database: database)
        let toBeSealed = Metrics.shared.gauge(.devicesSealedBefore)
        // Nobody must take it for the end before it was counted.
        toBeSealed.set(-1)
        let (waiting, dead) = (Metrics.shared.gauge(.waitingDeliveries), Metrics.shared.gauge(.deadDeliveries))
        return [
            UpkeepStep("remove devices of ended sessions", while: Devices.mostAtOnce) {
                try await devices.removeEnded(database)
            },
            UpkeepStep("forget old deliveries", while: Deliveries.most) { try await books.trim() },
            UpkeepStep("forget paces of pushes", while: Deliveries.most) { try await books.trimPaces() },
            UpkeepStep("seal devices anew", while: Devices.mostSealed) { try await devices.sealAnew(database) },
            .count("count devices to be sealed anew") {
                toBeSealed.set(try await devices.sealedBefore(database))
            },
            .count("count deliveries") {
                let rows = try await database.query(
                    """
                    SELECT (SELECT count(*) FROM deliveries WHERE state = 'waiting') AS waiting,
                        (SELECT count(*) FROM deliveries WHERE state = 'dead') AS dead
                    """)
                waiting.set(try rows[0].int("waiting"))
                dead.set(try rows[0].int("dead"))
            },
        ]
    }

    public var countAudits: [CountAudit] {
        [
            CountAudit("deliveries") {
                DeliverySQL.compared(behind: $0, limit: $1)
            } repair: {
                DeliverySQL.repaired($0)
            }
        ]
    }

    public var holdings: [Holding] {
        [
            .rows("devices", ["user_id"]) { "user_id = \($0)" },
            Holding(
                "postgres.deliveries", columns: ["user_id"],
                .erased(
                    { transaction, user, _, limit in
                        // In partitions: a row is not known by its place.
                        let gone = try await transaction.query(
                            """
                            DELETE FROM deliveries d USING (
                                SELECT device_id, notification_id FROM deliveries WHERE user_id = \(user) LIMIT \(limit)
                                FOR UPDATE) o
                            WHERE d.user_id = \(user) AND d.device_id = o.device_id
                                AND d.notification_id = o.notification_id
                            """
                        ).affected
                        return Holding.Step(removed: gone, next: gone == 0 ? nil : 0)
                    }, count: { "SELECT count(*) FROM deliveries WHERE user_id = \($0)" })),
            .rows("push_paces", ["user_id"]) { "user_id = \($0)" },
            .rows("delivery_counts", ["user_id"]) { "user_id = \($0)" },
        ]
    }

    public var exports: [ExportedFile] { DeviceFiles.all }
}
