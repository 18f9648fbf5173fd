import Core
import DomainKit
import Live
import Posts
import TextEntities

extension ChannelKind {
    /// `tag:{name}`: public posts with a hashtag, also one that nobody has used yet. The key is the tag's name, which is its one
    /// spelling.
    static let tag = ChannelKind(
        ChannelName.tagKind, [.log, .authors], at: "/v1/tags/{key}/posts",
        key: { key in TextTag(key).flatMap { $0.name.isExactly(key) ? $0.name : nil } },
        permission: { _, _ in true })
}
