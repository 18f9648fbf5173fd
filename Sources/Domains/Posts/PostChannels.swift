public import Core
import DomainKit
public import Live
import Relations

/// What one may subscribe to: a post, and one author's public posts.
extension ChannelKind {
    /// `post:{id}`: what happens to one post, what others say of it, and what is counted of it.
    static func post(_ posts: Posts) -> ChannelKind {
        ChannelKind(
            ChannelName.postKind, [.log, .state, .authors], at: "/v1/posts/{key}",
            permission: { post, user in try await posts.isVisible(post, to: user) },
            state: { post in try await posts.countsState(of: post) })
    }

    /// `user:{id}`: an author's public posts.
    static func user(_ profiles: Profiles) -> ChannelKind {
        ChannelKind(ChannelName.userKind, .log, at: "/v1/users/{key}/posts") { author, user in
            try await profiles.isOpen(author, to: user)
        }
    }
}

extension ChannelName {
    public static let postKind = "post"
    public static let tagKind = "tag"
    fileprivate static let userKind = "user"

    public static func post(_ id: ID) -> ChannelName { ChannelName(kind: postKind, id: id) }
    /// - Parameter name: as a tag is compared.
    /// - Returns: `nil` for what is no tag's name.
    public static func tag(_ name: String) -> ChannelName? { ChannelName("\(tagKind):\(name)") }
    public static func user(_ id: ID) -> ChannelName { ChannelName(kind: userKind, id: id) }
}

extension PostEvent {
    /// Where it may be told, but for followers' feeds.
    /// - Parameter tags: of a public post.
    public func channels(post: ID, author: ID, tags: [String]) -> [ChannelName] {
        let own: [ChannelName] =
            switch self {
            // Nobody can have subscribed to the post yet.
            case .created: [.user(author)]
            case .updated, .deleted: [.user(author), .post(post)]
            }
        return own + tags.compactMap { .tag($0) }
    }

    /// Whether who may see the post is another question now.
    public var changesVisibility: Bool {
        switch self {
        case .created, .updated: false
        case .deleted: true
        }
    }
}
