import Core
import DomainKit
import Live

extension ChannelKind {
    /// `poll:{id}`: the newest state of a poll, for who sees its post.
    static func poll(_ polls: Polls) -> ChannelKind {
        ChannelKind("poll", .state, at: "/v1/polls/{key}") { poll, user in
            try await polls.isVisible(poll, to: user)
        } state: { poll in
            try await polls.viewForAll(poll).map { try polls.state($0) }
        }
    }
}
