import Accounts
public import Core
public import DomainKit
public import EventLog
public import Feed
public import HTTPService
import Live
import Posts
public import Relations
public import Store

/// What users are notified of: the kinds are those that domains declare whose events cause them.
public struct NotificationsDomain: Domain {
    public static let migrations = NotificationsMigrations.all
    public static let topics = [TopicPlan(InboxChange.topic, retentionHours: 24)]
    public static let liveKinds = KnownKinds(InboxEvent.Kind.self)
    public static let liveEvents = InboxEvent.components(FeedEvent.channel)

    /// What a block ends of it.
    public static let ending: Graph.Ending = { InboxSQL.ended(between: $0, $1) }

    private let resources: Resources
    private let profiles: Profiles
    private let kinds: [NotificationKind]
    private let news: @Sendable (Database) -> [PersonalNews]
    private let channelsOfRoutes: Channels

    /// - Parameters:
    ///   - kinds: of all domains.
    ///   - news: what they tell users beside these, read from a database.
    public init(
        _ resources: Resources, relations: RelationsDomain, feed: FeedDomain, kinds: [NotificationKind],
        news: @escaping @Sendable (Database) -> [PersonalNews]
    ) {
        precondition(
            Set(kinds.map { "\($0.type):\($0.object?.type ?? "")" }).count == kinds.count,
            "two kinds of notifications have one type and object")
        (self.resources, profiles, self.kinds, self.news) = (resources, relations.profiles, kinds, news)
        channelsOfRoutes = feed.channels
    }

    public var operations: [Operation] {
        NotificationOperations(
            database: resources.database, reader: InboxReader(kinds: kinds), profiles: profiles,
            writes: resources.writes, lists: resources.lists, cursors: resources.cursors, channels: channelsOfRoutes
        ).all
    }

    /// `notifications:{user}`: for the user alone.
    public var channels: [ChannelKind] {
        let inboxes = InboxNews(database: resources.database, reader: InboxReader(kinds: kinds))
        let news = news(resources.database)
        return [
            ChannelKind(
                ChannelName.notificationsKind, .log, at: "/v1/notifications",
                permission: { owner, user in owner == user },
                renewal: { owner, missed in
                    let renewed = try await inboxes.renewed(missed, for: owner)
                    var others: [Envelope] = []
                    for some in news { others += try await some.told(missed, to: owner) }
                    return RenewedEvents(renewed.events + others, version: renewed.version)
                })
        ]
    }

    /// For who pushes.
    public static let topic = InboxChange.topic

    public func pushes(_ database: Database) -> InboxPushes {
        InboxPushes(database: database, reader: InboxReader(kinds: kinds))
    }

    public func consumers(_ log: any EventLog) -> [Consumer] {
        let database = resources.connections.workers.database
        let worker = NotificationWorker(
            inboxes: Inboxes(database: database, ids: resources.ids), kinds: kinds,
            start: InboxStart(database: database))
        let teller = InboxTeller(
            channels: Channels(FeedDomain.timelines(of: resources, over: resources.connections.workers)),
            news: InboxNews(database: database, reader: InboxReader(kinds: kinds)))
        let newsTeller = NewsTeller(
            channels: teller.channels, news: Dictionary(uniqueKeysWithValues: news(database).map { ($0.topic, $0) }))
        let topics = Set(kinds.map(\.topic)).union([RelationEvent.topic, UserEvent.topic]).sorted()
        return [
            Consumer(
                SubscriptionOptions(group: "notifications", topics: topics, batch: Inboxes.most, rest: 50), in: .worker
            ) { try await worker.handle($0) },
            Consumer(SubscriptionOptions(group: "inboxes", topics: [InboxChange.topic], rest: 50), in: .worker) {
                try await teller.handle($0)
            },
            Consumer(
                SubscriptionOptions(group: "personal", topics: newsTeller.news.keys.sorted(), rest: 50), in: .worker
            ) { try await newsTeller.handle($0) },
        ]
    }

    public var holdings: [Holding] { NotificationHoldings.all }

    public var exports: [ExportedFile] {
        [
            ExportedFile("notifications", from: ["notifications"]) { user, position, limit in
                """
                SELECT id, key, count, read FROM notifications
                WHERE user_id = \(user) AND count > 0 AND id > \(position) ORDER BY id LIMIT \(limit)
                """
            } line: { row, writer in
                writer.appendBegin(try row.id("id"))
                writer.append(key: "key", of: try row.text("key"))
                writer.append(key: "count", of: try row.integer("count"))
                writer.append(try row.bool("read") ? ",\"read\":true}" : ",\"read\":false}")
            }
        ]
    }

    public var countAudits: [CountAudit] {
        [
            CountAudit("unread") { position, limit in
                """
                SELECT t.user_id AS id, t.unread AS counted, \(InboxSQL.unread(of: "t.user_id")) AS found
                FROM notification_state t WHERE t.user_id > \(position) ORDER BY t.user_id LIMIT \(limit)
                """
            } repair: { wrong in
                """
                UPDATE notification_state t SET unread = t.unread + w.found - w.counted FROM \(wrong) w
                WHERE t.user_id = w.id
                """
            },
            // Of all groups of a user together.
            CountAudit("notifications") { position, limit in
                """
                SELECT t.user_id AS id,
                    (SELECT COALESCE(sum(n.count), 0)::bigint FROM notifications n WHERE n.user_id = t.user_id) AS counted,
                    (SELECT count(*) FROM notification_causes c WHERE c.user_id = t.user_id) AS found
                FROM notification_state t WHERE t.user_id > \(position) ORDER BY t.user_id LIMIT \(limit)
                """
            } repair: { wrong in
                """
                UPDATE notifications n SET count = n.count + d.more FROM (
                    SELECT g.user_id, g.key, (SELECT count(*) FROM notification_causes c
                        WHERE c.user_id = g.user_id AND c.key = g.key) - g.count AS more
                    FROM notifications g JOIN \(wrong) w ON w.id = g.user_id) d
                WHERE n.user_id = d.user_id AND n.key = d.key
                """
            },
        ]
    }
}
