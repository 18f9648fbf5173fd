public import Core

/// What the server says to a command over WebSocket: a reply of the Centrifugo client protocol. `LiveForm` writes it.
public enum ServerReply: Sendable {
    case connected(Connected)
    case subscribed(Subscribed)
    case unsubscribed
    /// - Parameters:
    ///   - client: the connection's name.
    ///   - ttl: seconds until the access token ends.
    case refreshed(client: String, ttl: Int64)
    case ponged
    case failed(CommandError)

    /// What the server calls itself to clients.
    static let version: StaticString = "martlet"

    /// The personal channel of a user, a server-side subscription.
    public static func feedChannel(_ user: ID) -> String { "feed:\(user)" }

    /// A subscription to a channel, as it begins.
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
    }

    public struct Connected: Sendable {
        public let client: String
        public let user: ID
        public let feed: Subscribed
        /// `nil` where the client did not ask for it.
        public let notifications: Subscribed?
        /// Seconds until the access token ends.
        public let ttl: Int64
        /// Seconds between the server's pings.
        public let pingSeconds: Int

        public init(
            client: String, user: ID, feed: Subscribed, notifications: Subscribed? = nil, ttl: Int64, pingSeconds: Int
        ) {
            self.client = client
            self.user = user
            self.feed = feed
            self.notifications = notifications
            self.ttl = ttl
            self.pingSeconds = pingSeconds
        }

        /// The server's subscriptions, by channel.
        var all: [(channel: String, Subscribed)] {
            [(ServerReply.feedChannel(user), feed)]
                + (notifications.map { [(ChannelName.notifications(of: user).description, $0)] } ?? [])
        }
    }
}
