public import Core
import Relations
import Store

/// What of users' inboxes is pushed, for many users at once. Each asks what holds when it is asked.
public struct InboxPushes: Sendable {
    let database: Database
    let reader: InboxReader

    /// A notification of a user, by the cause that it had when it was to be pushed.
    public struct Name: Sendable, Hashable {
        public let user: ID
        public let id: ID

        public init(user: ID, id: ID) { (self.user, self.id) = (user, id) }
    }

    /// What has a new cause, as the log says it.
    public struct News: Sendable {
        public let user: ID
        public let keys: [String]
    }

    /// `nil` for what tells of nothing new.
    public static func news(_ event: Envelope) -> News? {
        guard let change = InboxChange(event), !change.new.isEmpty else { return nil }
        return News(user: change.user, keys: change.new)
    }

    /// Those that are not read yet, with their types.
    public func unread(_ news: [News]) async throws -> [(name: Name, type: String)] {
        let pairs = news.flatMap { some in some.keys.map { (user: some.user, key: $0) } }
        return try await database.query(
            """
            SELECT n.user_id, n.id, n.type
            FROM (SELECT DISTINCT * FROM unnest(\(pairs.map(\.user))::bigint[], \(pairs.map(\.key))::text[]) a (user_id, key)) a
            JOIN notifications n ON n.user_id = a.user_id AND n.key = a.key
            WHERE NOT n.read AND n.count > 0
            """
        ).map { (Name(user: try $0.id("user_id"), id: try $0.id("id")), try $0.text("type")) }
    }

    /// What is pushed to see whether a device is reached: no notification of the inbox.
    /// - Parameter type: of pushes that are tests.
    public func tests(_ names: Set<Name>, type: String) async throws -> [Name: PushedNotification] {
        guard !names.isEmpty else { return [:] }
        var unread: [ID: Int64] = [:]
        for row in try await database.query(
            """
            SELECT s.user_id, s.unread FROM notification_state s
            WHERE s.user_id = ANY (\(Set(names.map(\.user)).sorted())::bigint[])
            """)
        { unread[try row.id("user_id")] = try row.integer("unread") }
        return Dictionary(
            uniqueKeysWithValues: names.map { name in
                let group = NotificationGroup(
                    id: name.id, key: type, type: type, count: 1, actors: [], object: nil, isRead: false)
                return (
                    name,
                    PushedNotification(
                        group: group, user: name.user, unread: unread[name.user] ?? 0, followsActor: nil,
                        isFollowedByActor: nil)
                )
            })
    }

    /// What is pushed of them. Of one that was read, taken back or has another cause by now, or that its user may not see, nothing.
    public func contents(_ names: Set<Name>) async throws -> [Name: PushedNotification] {
        let names = Array(names)
        var found: [Name: PushedNotification] = [:]
        for content in try await reader.pushed(database, names.map { ($0.user, $0.id) }) {
            found[Name(user: content.user, id: content.id)] = content
        }
        return found
    }
}
