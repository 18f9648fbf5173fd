import Core
import HTTPService
import Posts

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
