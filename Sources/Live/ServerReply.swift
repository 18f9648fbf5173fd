public import Core

/// One event of a feed with its position.
public struct Publication: Sendable, Equatable {
    /// The event object as JSON.
    public let event: [UInt8]
    public let type: String
    public let position: Int64

    public init(event: [UInt8], type: String, position: Int64) {
        self.event = event
        self.type = type
        self.position = position
    }

    /// `{"data":…,"offset":…}`
    public func append(to writer: inout ByteWriter) {
        writer.append(ascii: "{\"data\":")
        writer.append(event)
        writer.append(ascii: ",\"offset\":")
        writer.append(decimal: position)
        writer.append(ascii: "}")
    }
}

/// What the server says over WebSocket: replies and pushes of the Centrifugo client protocol, JSON.
public enum ServerReply {
    public static let ping: [UInt8] = Array("{}".utf8)

    /// The personal channel of a user, a server-side subscription.
    public static func feedChannel(_ user: ID) -> String { "feed:\(user)" }

    /// A subscription to a user's channel, as it begins.
    public struct Subscribed: Sendable {
        public let cursor: LiveCursor
        /// `nil` when the client did not ask to recover.
        public let recovered: Bool?
        public let publications: [Publication]

        public init(cursor: LiveCursor, recovered: Bool?, publications: [Publication]) {
            self.cursor = cursor
            self.recovered = recovered
            self.publications = publications
        }

        fileprivate func append(to writer: inout ByteWriter) {
            writer.append(ascii: "{\"recoverable\":true,\"epoch\":\"")
            writer.append(cursor.epochName)
            writer.append(ascii: "\",\"positioned\":true,\"offset\":")
            writer.append(decimal: cursor.position)
            if let recovered {
                writer.append(ascii: ",\"was_recovering\":true,\"recovered\":")
                writer.append(recovered ? "true" : "false")
            }
            if !publications.isEmpty {
                writer.append(ascii: ",\"publications\":[")
                for (index, publication) in publications.enumerated() {
                    if index > 0 { writer.append(ascii: ",") }
                    publication.append(to: &writer)
                }
                writer.append(ascii: "]")
            }
            writer.append(ascii: "}")
        }
    }

    public struct Connected: Sendable {
        public let client: String
        public let user: ID
        public let feed: Subscribed
        /// Seconds until the access token ends.
        public let ttl: Int64
        /// Seconds between the server's pings.
        public let pingSeconds: Int

        public init(client: String, user: ID, feed: Subscribed, ttl: Int64, pingSeconds: Int) {
            self.client = client
            self.user = user
            self.feed = feed
            self.ttl = ttl
            self.pingSeconds = pingSeconds
        }
    }

    public static func connected(id: Int64, _ reply: Connected) -> [UInt8] {
        var writer = opening(id, "connect", capacity: 512)
        writer.append(ascii: "{\"client\":")
        writer.append(jsonString: reply.client)
        writer.append(ascii: ",\"version\":\"martlet\",\"expires\":true,\"ttl\":")
        writer.append(decimal: max(1, reply.ttl))
        writer.append(ascii: ",\"subs\":{")
        writer.append(jsonString: feedChannel(reply.user))
        writer.append(ascii: ":")
        reply.feed.append(to: &writer)
        writer.append(ascii: "},\"ping\":")
        writer.append(decimal: Int64(reply.pingSeconds))
        writer.append(ascii: ",\"pong\":true}}")
        return writer.bytes
    }

    public static func subscribed(id: Int64, _ reply: Subscribed) -> [UInt8] {
        var writer = opening(id, "subscribe", capacity: 256)
        reply.append(to: &writer)
        writer.append(ascii: "}")
        return writer.bytes
    }

    public static func refreshed(id: Int64, client: String, ttl: Int64) -> [UInt8] {
        var writer = opening(id, "refresh", capacity: 128)
        writer.append(ascii: "{\"client\":")
        writer.append(jsonString: client)
        writer.append(ascii: ",\"version\":\"martlet\",\"expires\":true,\"ttl\":")
        writer.append(decimal: max(1, ttl))
        writer.append(ascii: "}}")
        return writer.bytes
    }

    /// The answer of a command that has nothing to tell.
    public static func empty(id: Int64, _ method: StaticString) -> [UInt8] {
        var writer = opening(id, method, capacity: 32)
        writer.append(ascii: "{}}")
        return writer.bytes
    }

    public static func error(id: Int64, _ error: CommandError) -> [UInt8] {
        var writer = opening(id, "error", capacity: 96)
        writer.append(ascii: "{\"code\":")
        writer.append(decimal: Int64(error.rawValue))
        writer.append(ascii: ",\"message\":")
        writer.append(jsonString: error.message)
        if error.isTemporary { writer.append(ascii: ",\"temporary\":true") }
        writer.append(ascii: "}}")
        return writer.bytes
    }

    private static func opening(_ id: Int64, _ name: StaticString, capacity: Int) -> ByteWriter {
        var writer = ByteWriter(capacity: capacity)
        writer.append(ascii: "{\"id\":")
        writer.append(decimal: id)
        writer.append(ascii: ",\"")
        writer.append(ascii: name)
        writer.append(ascii: "\":")
        return writer
    }

    /// The part of a push that is one connection's: the rest is the same for all.
    public static func pushPrefix(channel: String) -> [UInt8] {
        var writer = ByteWriter(capacity: 64)
        writer.append(ascii: "{\"push\":{\"channel\":")
        writer.append(jsonString: channel)
        return writer.bytes
    }

    /// The part of a push that all recipients share.
    public static func pushTail(_ publication: Publication) -> [UInt8] {
        var writer = ByteWriter(capacity: publication.event.count + 48)
        writer.append(ascii: ",\"pub\":")
        publication.append(to: &writer)
        writer.append(ascii: "}}")
        return writer.bytes
    }
}
