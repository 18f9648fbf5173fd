import Core
import DomainKit
import HTTPService
import Live
import Posts

extension ChannelName {
    fileprivate static let pollKind = "poll"

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

/// The state of `poll:{id}`, whole each time: `{"type":"poll.updated","poll":{…}}`.
struct PollUpdate: Sendable {
    /// As all may see it.
    let poll: PollView

    var json: [UInt8] {
        var writer = ByteWriter(capacity: 512)
        append(to: &writer)
        return writer.bytes
    }

    func append(to writer: inout ByteWriter) {
        writer.append(ascii: "{\"type\":\"poll.updated\",\"poll\":")
        poll.append(to: &writer)
        writer.append(ascii: "}")
    }

    static let component = Component(
        "PollUpdated",
        .object([
            .always("type", .constant(PollNews.updated.rawValue)),
            .always("poll", PollView.component.reference, "The last one has `closed: true`."), FeedEvent.channel,
        ]), writing: PollUpdate(poll: .example).append)
}
