import Core
import DomainKit
import Live

extension ChannelName {
    static let pollKind = "poll"

    static func poll(_ id: ID) -> ChannelName { ChannelName(kind: pollKind, id: id) }
}

extension ChannelKind {
    /// `poll:{id}`: the newest state of a poll, for who sees its post.
    static func poll(_ polls: Polls) -> ChannelKind {
        ChannelKind(ChannelName.pollKind, .state, at: "/v1/polls/{key}") { poll, user in
            try await polls.isVisible(poll, to: user)
        } state: { poll in
            guard let view = try await polls.viewForAll(poll) else { return nil }
            let update = PollUpdate(poll: view)
            return Channel.State(
                version: view.version,
                Envelope(
                    PollNews.updated.kind, eventID: uuidV7(clock: polls.clock), TraceContext(requestID: ""),
                    payload: update.json))
        }
    }
}
