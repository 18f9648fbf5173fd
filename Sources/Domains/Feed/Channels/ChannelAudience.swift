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
    let ofPosts: [ChannelsOfPosts]

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
        for some in ofPosts {
            try await channels.heard(of: some.kind) { names in
                let his = try await database.query(some.select(names.compactMap { ID($0.key) }, of: author))
                try await channels.recheck(try his.map { ChannelName(kind: some.kind, id: try $0.id("id")) })
            }
        }
    }
}
