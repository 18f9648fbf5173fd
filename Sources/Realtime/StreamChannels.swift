import Core
package import HTTPService
package import Live

/// What an event stream listens to: the parameter `channels`.
package struct StreamChannels: Sendable, Equatable {
    /// The name of the caller's own feed.
    static let feed = "feed"
    package static let most = StreamCursor.mostLogs - 1

    package let hasFeed: Bool
    package let names: [ChannelName]

    /// Names with commas between them, each once.
    package init(_ text: String) throws(Refusal) {
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
