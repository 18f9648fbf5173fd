import Accounts
public import Core
import DomainKit
public import Live

/// What one may subscribe to: a post, and one author's public posts.
extension ChannelKind {
    /// `post:{id}`: what happens to one post.
    static func post(_ posts: Posts) -> ChannelKind {
        ChannelKind(ChannelName.postKind, .log, at: "/v1/posts/{key}") { post, user in
            try await posts.isVisible(post, to: user)
        }
    }

    /// `user:{id}`: an author's public posts.
    static func user(_ users: Users) -> ChannelKind {
        ChannelKind(ChannelName.userKind, .log, at: "/v1/users/{key}/posts") { author, _ in
            try await users.identity(author) != nil
        }
    }
}

extension ChannelName {
    fileprivate static let postKind = "post"
    fileprivate static let userKind = "user"

    public static func post(_ id: ID) -> ChannelName { ChannelName(kind: postKind, id: id) }
    public static func user(_ id: ID) -> ChannelName { ChannelName(kind: userKind, id: id) }
}

extension PostEvent {
    /// Where it is told, but for followers' feeds.
    public func channels(post: ID, author: ID) -> [ChannelName] {
        switch self {
        // Nobody can have subscribed to the post yet.
        case .created: [.user(author)]
        case .deleted: [.user(author), .post(post)]
        }
    }

    /// Whether who may see the post is another question now.
    public var changesVisibility: Bool {
        switch self {
        case .created: false
        case .deleted: true
        }
    }
}
