import Core
import Live
import Posts
public import Relations
import Store

/// Has nodes ask again who may subscribe, when who sees whom has changed: at once, and by `AudienceWorker` once more, for
/// the process that served the change may end, or be without Redis.
public struct ChannelAudience: AudienceObserver {
    let channels: Channels
    let database: Database

    public func changed(_ change: AudienceChange) async throws {
        switch change {
        case .unfollowed(_, by: let follower): try await channels.recheck(channelsOf: [follower])
        // Behind a block's end events come again that name one of them.
        case .blocked(let other, by: let owner), .unblocked(let other, by: let owner):
            try await channels.recheck(channelsOf: [owner, other])
        case .privacy(let user, isPrivate: true), .left(let user, _): try await recheck(channelsOn: user)
        // They close nothing.
        case .followed, .muted, .unmuted, .privacy, .returned: break
        }
    }

    /// Those of the author and of the author's posts. Whose a post is only the database knows.
    private func recheck(channelsOn author: ID) async throws {
        try await channels.recheck([.user(author)])
        try await channels.heard(of: ChannelName.postKind) { names in
            let ids = names.compactMap { ID($0.key) }
            let posts = try await database.query(
                "SELECT p.id FROM posts p WHERE p.id = ANY (\(ids)::bigint[]) AND p.author_id = \(author)")
            try await channels.recheck(try posts.map { .post(try $0.id("id")) })
        }
    }
}
