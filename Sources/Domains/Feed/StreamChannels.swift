public import Core
public import HTTPService
public import Live

/// What an event stream or a long poll listens to: the parameter `channels`.
public struct StreamChannels: Sendable, Equatable {
    /// The name of the caller's own feed.
    public static let feed = "feed"
    public static let most = StreamCursor.mostLogs - 2

    public static let schema = Schema.string(length: 1...4608)
    /// For people.
    public static let summary = """
        What to listen to, with commas: `feed`, which is all there is without this, `notifications` (the caller's: \
        `notification.created`, `notification.updated`, `notification.removed`, `notifications.read`, `device.failing`), and up to \(most) channels: `post:ID` \
        (`post.updated`, `post.deleted`), `user:ID` (that user's public posts), `tag:NAME` (public posts with a \
        hashtag, by its name as posts have it in `tags`). 400 for a name that is none, 404 for a channel that is not there.
        """

    public let hasFeed: Bool
    public let isNotified: Bool
    /// Without the personal ones.
    public let names: [ChannelName]

    /// All but the feed.
    public func names(for user: ID) -> [ChannelName] { (isNotified ? [.notifications(of: user)] : []) + names }

    /// Names with commas between them, each once.
    public init(_ text: String) throws(Refusal) {
        guard text.utf8.count <= (Self.most + 2) * (ChannelName.longest + 1) else {
            throw Refusal("channels names \(Self.most) channels at most")
        }
        let parts = text.split(separator: ",", omittingEmptySubsequences: false)
        hasFeed = parts.containsExactly(Self.feed)
        isNotified = parts.containsExactly(ChannelName.notificationsKind)
        let personal = [Self.feed, ChannelName.notificationsKind]
        var names: [ChannelName] = []
        for part in parts where !personal.contains(where: part.isExactly) {
            guard let name = ChannelName(String(part)), name.owner == nil else {
                throw Refusal("channels has '\(String(part).harmlessName)', which is the name of no channel")
            }
            names.append(name)
        }
        guard Set(names).count + (hasFeed ? 1 : 0) + (isNotified ? 1 : 0) == parts.count else {
            throw Refusal("channels names one of them twice")
        }
        guard names.count <= Self.most else { throw Refusal("channels names \(Self.most) channels at most") }
        self.names = names
    }
}
