import Accounts
import Core
import DomainKit
import Relations
import Store

/// How a user's notifications are read. What the user may not see now is left out, though its cause is there still: what it is about,
/// and who did it; also of the number of those that are unread.
struct InboxReader: Sendable {
    /// Of a group's causes, the newest, those who did them are looked for.
    private static let mostLooked = 100
    /// The same, where those who did them are listed.
    static let mostListed = 100_000

    let kinds: [NotificationKind]

    /// Rows `n.*` are shown to their reader. The first cause that may be told is enough, and is looked for in each group (OFFSET 0): all
    /// of a user's causes may be very many.
    private func isShown(to reader: SQL) -> SQL {
        let objects = objects.map { object -> SQL in
            "WHEN \(object.type) THEN \(object.isShown("n.object_id", reader))"
        }
        return """
            n.user_id = \(reader) AND n.count > 0
            AND CASE n.object_type \(objects.joined(separator: " ")) ELSE n.object_type IS NULL END
            AND EXISTS (
                SELECT FROM notification_causes c WHERE c.user_id = n.user_id AND c.key = n.key
                    AND (c.actor_id IS NULL OR \(Audience.mayNotify(of: "c.actor_id", reader)))
                OFFSET 0)
            """
    }

    /// Each once.
    private var objects: [NotificationObject] {
        var seen: Set<String> = []
        return kinds.compactMap(\.object).filter { seen.insert($0.type).inserted }
    }

    /// A row `unread`.
    func unread(of reader: ID) -> SQL {
        "SELECT count(*) AS unread FROM notifications n WHERE NOT n.read AND \(isShown(to: .parameter(reader)))"
    }

    struct Page: Sendable {
        let unread: Int64
        /// Of the inbox.
        let version: Int64
        let groups: [NotificationGroup]
    }

    /// Of the inbox; 0: there is none.
    func version(_ database: Database, of reader: ID) async throws -> Int64 {
        try await database.query("SELECT \(Self.version(of: .parameter(reader))) AS version")[0].integer("version")
    }

    private static func version(of reader: SQL) -> SQL {
        "COALESCE((SELECT t.version FROM notification_state t WHERE t.user_id = \(reader)), 0)"
    }

    /// Those with these keys that are shown.
    func page(_ database: Database, of reader: ID, among keys: [String]) async throws -> Page {
        try await page(
            database, of: reader, where: "n.key = ANY (\(keys)::text[])", below: .max, limit: max(1, keys.count))
    }

    /// - Parameters:
    ///   - types: `nil`: all.
    ///   - below: only those with smaller ids.
    func page(
        _ database: Database, of reader: ID, types: [String]?, onlyUnread: Bool, below: ID, limit: Int
    ) async throws -> Page {
        try await page(
            database, of: reader,
            where: """
                (\(types == nil) OR n.type = ANY (\(types ?? [])::text[])) AND NOT (\(onlyUnread) AND n.read)
                """, below: below, limit: limit)
    }

    private func page(
        _ database: Database, of reader: ID, where condition: SQL, below: ID, limit: Int
    ) async throws -> Page {
        let me = SQL.parameter(reader)
        // One statement: the number is that of the list.
        let rows = try await database.query(
            """
            WITH all_unread AS (\(unread(of: reader))), page AS (
                SELECT n.id, n.key, n.type, n.object_type, n.object_id, n.count, n.read, \(actors(for: me)) AS actors,
                    \(text) AS text
                FROM notifications n
                WHERE n.id < \(below) AND \(condition) AND \(isShown(to: me))
                ORDER BY n.id DESC LIMIT \(limit))
            SELECT u.unread, \(Self.version(of: me)) AS version, g.*
            FROM all_unread u LEFT JOIN page g ON true ORDER BY g.id DESC
            """)
        let shown = try rows.filter { try $0.optionalID("id") != nil }
        let names = try await names(database, of: shown)
        return Page(
            unread: try rows[0].integer("unread"), version: try rows[0].integer("version"),
            groups: try shown.map { try Self.group($0, names) })
    }

    /// Those of these that are shown to their users and not read.
    func pushed(_ database: Database, _ names: [(user: ID, id: ID)]) async throws -> [PushedNotification] {
        let user: SQL = "n.user_id"
        let actor: SQL = "NULLIF(split_part(n.actors, ' ', 1), '')::bigint"
        let rows = try await database.query(
            """
            SELECT n.*, \(actor) IS NOT NULL AS has_actor, \(Follows.exists(follower: user, followee: actor)) AS follows,
                \(Follows.isFollower(actor, of: user)) AS is_followed,
                COALESCE((SELECT s.unread FROM notification_state s WHERE s.user_id = n.user_id), 0) AS unread
            FROM (
                SELECT n.user_id, n.id, n.key, n.type, n.object_type, n.object_id, n.count, n.read,
                    \(actors(for: user)) AS actors, \(text) AS text
                FROM unnest(\(names.map(\.user))::bigint[], \(names.map(\.id))::bigint[]) a (user_id, id)
                JOIN notifications n ON n.user_id = a.user_id AND n.id = a.id
                WHERE NOT n.read AND \(isShown(to: user))
                -- Or those who did it would be looked for wherever they are named.
                OFFSET 0) n
            """)
        let known = try await self.names(database, of: rows.map { $0 })
        return try rows.map { row in
            let hasActor = try row.bool("has_actor")
            return PushedNotification(
                group: try Self.group(row, known), user: try row.id("user_id"), unread: try row.integer("unread"),
                followsActor: hasActor ? try row.bool("follows") : nil,
                isFollowedByActor: hasActor ? try row.bool("is_followed") : nil)
        }
    }

    /// How what it is about begins.
    private var text: SQL {
        let texts = objects.map { object -> SQL in
            "WHEN \(object.type) THEN left(\(object.text("n.object_id")), \(NotificationGroup.mostText))"
        }
        return "CASE n.object_type \(texts.joined(separator: " ")) END"
    }

    /// Ids of who did it last, with spaces between them.
    private func actors(for reader: SQL) -> SQL {
        """
        array_to_string(ARRAY(
            SELECT a.actor_id FROM (
                SELECT c.actor_id, max(c.cause_id) AS cause_id FROM (
                    SELECT actor_id, cause_id FROM notification_causes
                    WHERE user_id = n.user_id AND key = n.key AND actor_id IS NOT NULL
                    ORDER BY cause_id DESC LIMIT \(Self.mostLooked)) c
                GROUP BY c.actor_id) a
            WHERE \(Audience.mayNotify(of: "a.actor_id", reader))
            ORDER BY a.cause_id DESC LIMIT \(NotificationGroup.mostActors)), ' ')
        """
    }

    private static func actors(_ row: PgRow) throws(PgError) -> [ID] {
        try row.text("actors").split(separator: " ").compactMap { ID(String($0)) }
    }

    private func names(_ database: Database, of groups: [PgRow]) async throws -> [ID: NotificationGroup.Actor] {
        let ids = Set(try groups.flatMap { try Self.actors($0) })
        guard !ids.isEmpty else { return [:] }
        let rows = try await database.query(
            "SELECT u.id, \(Users.identityColumns) FROM users u WHERE u.id = ANY (\(Array(ids))::bigint[])")
        var names: [ID: NotificationGroup.Actor] = [:]
        for row in rows {
            let id = try row.id("id")
            names[id] = NotificationGroup.Actor(
                id: id, handle: try row.text("handle"), displayName: try row.text("display_name"))
        }
        return names
    }

    private static func group(
        _ row: PgRow, _ names: [ID: NotificationGroup.Actor]
    ) throws(PgError) -> NotificationGroup {
        var object: NotificationGroup.Object?
        if let type = try row.optionalText("object_type") {
            object = NotificationGroup.Object(
                type: type, id: try row.id("object_id"), text: try row.optionalText("text"))
        }
        return NotificationGroup(
            id: try row.id("id"), key: try row.text("key"), type: try row.text("type"), count: try row.integer("count"),
            actors: try actors(row).compactMap { names[$0] }, object: object, isRead: try row.bool("read"))
    }

    /// Rows `other, id` for a list of users: who did what a group is about, each by the newest cause. All that are looked at are read
    /// once, whoever did them: one user may have done most of them.
    static func actors(of key: String, for reader: ID) -> SQL {
        """
        SELECT a.actor_id AS other, a.cause_id AS id FROM (
            SELECT c.actor_id, max(c.cause_id) AS cause_id FROM (
                SELECT actor_id, cause_id FROM notification_causes
                WHERE user_id = \(reader) AND key = \(key) AND actor_id IS NOT NULL
                ORDER BY cause_id DESC LIMIT \(mostListed)) c
            GROUP BY c.actor_id) a
        WHERE NOT \(Audience.isMutedForNotifications("a.actor_id", by: .parameter(reader)))
        """
    }

    /// A row where the group is there and shown.
    func group(_ key: String, of reader: ID) -> SQL {
        "SELECT n.id FROM notifications n WHERE n.key = \(key) AND \(isShown(to: .parameter(reader)))"
    }
}
