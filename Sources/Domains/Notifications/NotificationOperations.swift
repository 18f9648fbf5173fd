import Accounts
import Core
import DomainKit
import Feed
import HTTPService
import Live
import RedisLink
import Relations
import Store

/// What the caller is notified of.
struct NotificationOperations: Sendable {
    private static let tag = Tag("notifications", "What others have done that concerns the caller")
    let database: Database
    let reader: InboxReader
    let profiles: Profiles
    let writes: Writes
    let lists: Lists
    let cursors: CursorSigner
    let channels: Channels
    private let types: Parameter<[String]?>

    init(
        database: Database, reader: InboxReader, profiles: Profiles, writes: Writes, lists: Lists,
        cursors: CursorSigner,
        channels: Channels
    ) {
        (self.database, self.reader, self.profiles) = (database, reader, profiles)
        (self.writes, self.lists, self.cursors) = (writes, lists, cursors)
        self.channels = channels
        types = NotificationFields.types(Set(reader.kinds.map(\.type)).sorted())
    }

    var all: [Operation] {
        [
            Operation(
                .get, "/v1/notifications", id: "listNotifications", tag: Self.tag, "What the caller is notified of",
                description: """
                    What concerns one thing is one notification, that of its newest cause; at most \(InboxSQL.mostGroups) are kept. \
                    What was undone is gone, as is what the caller may not see any more. From `live` on what happens is told by the channel \
                    `notifications`.
                    """, parameters: [types, NotificationFields.isUnread, PageParameters.limit, PageParameters.cursor],
                responses: [.json(NotificationGroup.list, "Newest first.")], handler: list),
            Operation(
                .get, "/v1/notifications/\(NotificationFields.key)/actors", id: "listNotificationActors", tag: Self.tag,
                "Who did what a notification is about",
                description: "Of the newest \(InboxReader.mostListed) things that were done.",
                parameters: [PageParameters.limit, PageParameters.cursor],
                responses: [.json(UserView.list, "Who did it last first, each once; those whom the caller may see.")],
                handler: actors),
            Operation(
                .put, "/v1/notifications/read", id: "readNotifications", tag: Self.tag, "Mark notifications as read",
                lane: .write(makesEvents: false),
                body: RequestBody(
                    "ReadNotifications",
                    fields: [NotificationFields.upTo.declaration, NotificationFields.keys.declaration], needsOne: true),
                responses: [.json(NotificationGroup.read, "They are read.")], problems: [.missingField],
                idempotency: .key("read notifications"), handler: read),
            Operation(
                .delete, "/v1/notifications/\(NotificationFields.key)", id: "removeNotification", tag: Self.tag,
                "Remove a notification", lane: .write(makesEvents: false),
                responses: [.noContent("It is not there, until something new happens.")],
                idempotency: .key("remove notification"), handler: remove),
        ]
    }

    @Sendable private func list(_ request: RequestContext) async throws -> Response {
        let (caller, limit) = (request.caller, request[PageParameters.limit])
        let list = PageCursor.List(tag: 33, subject: caller)
        let below = try request.below(list, cursors)
        return try await lists.read(request) {
            // Before the rows: what they do not show comes behind it.
            let live = try await position(of: caller)
            let page = try await reader.page(
                database, of: caller, types: request[types], onlyUnread: request[NotificationFields.isUnread] ?? false,
                below: below, limit: limit + 1)
            return .json { writer in
                let shown = writer.appendList(page.groups.prefix(limit)) { $1.append(to: &$0) }
                if shown > 0, shown < page.groups.count {
                    let cursor = PageCursor(below: page.groups[shown - 1].id)
                    writer.appendNext(cursor.encode(list, viewer: caller, cursors))
                }
                writer.append(key: "unread", of: page.unread)
                writer.append(key: "version", of: page.version)
                writer.append(key: "live", of: live.encode(user: caller, cursors))
                writer.append(ascii: "}")
            }
        }
    }

    /// Without Redis it can't be had: going live from it resets.
    private func position(of user: ID) async throws -> LiveCursor {
        do {
            return try await channels.open(.notifications(of: user))
        } catch is RedisError {
            return .outOfEveryWindow
        }
    }

    @Sendable private func actors(_ request: RequestContext) async throws -> Response {
        let key = request[NotificationFields.key]
        // Its object's id; of those without there are few, and a place in one is none in another.
        let object = key.split(separator: ":").last.flatMap { ID(String($0)) } ?? .zero
        return try await profiles.page(
            of: InboxReader.actors(of: key, for: request.caller), PageCursor.List(tag: 34, subject: object), request,
            lists, cursors
        ) {
            guard try await !database.query(reader.group(key, of: request.caller)).isEmpty else {
                throw Problem(.notFound, "there is no such notification")
            }
        }
    }

    @Sendable private func read(_ request: RequestContext) async throws -> Response {
        let (upTo, keys) = (request[NotificationFields.upTo], request[NotificationFields.keys])
        guard upTo != nil || keys != nil else {
            throw Problem(.missingField, "up_to or keys must be there", field: "up_to")
        }
        return try await writes.run(request) { transaction in
            try await InboxMarks.read(transaction, of: request.caller, upTo: upTo, keys: keys ?? [], request.trace)
            let unread = try await transaction.query(reader.unread(of: request.caller))[0].integer("unread")
            return StoredResponse(status: 200, body: Array("{\"unread\":\(unread)}".utf8))
        }
    }

    @Sendable private func remove(_ request: RequestContext) async throws -> Response {
        try await writes.run(request) { transaction in
            try await InboxMarks.remove(transaction, request[NotificationFields.key], of: request.caller, request.trace)
            return StoredResponse(status: 204, body: [])
        }
    }
}
