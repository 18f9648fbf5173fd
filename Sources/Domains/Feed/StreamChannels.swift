import Core
public import HTTPService
public import Live

/// What an event stream or a long poll listens to: the parameter `channels`.
public struct StreamChannels: Sendable, Equatable {
    /// The name of the caller's own feed.
    public static let feed = "feed"
    public static let most = StreamCursor.mostLogs - 1

    public static let schema = Schema.string(length: 1...4352)
    /// For people.
    public static let summary = """
        What to listen to, with commas: `feed`, which is all there is without this, and up to \(most) channels: `post:ID` \
        (`post.updated`, `post.deleted`), `user:ID` (that user's public posts), `tag:NAME` (public posts with a \
        hashtag, by its name as posts have it in `tags`). 400 for a name that is none, 404 for a channel that is not there.
        """

    public let hasFeed: Bool
    public let names: [ChannelName]

    /// Names with commas between them, each once.
    public init(_ text: String) throws(Refusal) {
        guard text.utf8.count <= (Self.most + 1) * (ChannelName.longest + 1) else {
            throw Refusal("channels names \(Self.most) channels at most")
        }
        let parts = text.split(separator: ",", omittingEmptySubsequences: false)
        hasFeed = parts.containsExactly(Self.feed)
        var names: [ChannelName] = []
        for part in parts where !part.isExactly(Self.feed) {
            guard let name = ChannelName(String(part)) else {
                throw Refusal("channels has '\(String(part).harmlessName)', which is the name of no channel")
            }
            names.append(name)
        }
        guard Set(names).count + (hasFeed ? 1 : 0) == parts.count else {
            throw Refusal("channels names one of them twice")
        }
        guard names.count <= Self.most else { throw Refusal("channels names \(Self.most) channels at most") }
        self.names = names
    }
}
