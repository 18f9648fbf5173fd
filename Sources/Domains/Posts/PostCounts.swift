import Core
import DomainKit
import HTTPService
import Store

/// The state of `post:{id}`: `{"type":"post.counts","post_id","likes","comments","views","version"}`, whole each time.
struct PostCounts: Sendable {
    let post: ID
    let counts: Counts

    func append(to writer: inout ByteWriter) {
        writer.append(ascii: "{\"type\":\"post.counts\",\"post_id\":\"")
        writer.append(decimal: post.raw)
        writer.append(ascii: "\",")
        counts.appendNumbers(to: &writer)
        writer.append(ascii: "}")
    }

    static let component = Component(
        "PostCounts",
        .object(
            [
                .always("type", .constant(PostState.counts.rawValue)), .always("post_id", Component.id.reference),
            ] + Counts.properties + [FeedEvent.channel]),
        writing: PostCounts(post: PostView.example.id, counts: Counts(likes: 12, replies: 3, views: 250, version: 15))
            .append)
}

extension Posts {
    /// - Returns: `nil` where there is no such post.
    func countsState(of post: ID) async throws -> Channel.State? {
        let rows = try await database.query(
            "SELECT \(Counters.column(of: "p.id")) FROM posts p WHERE p.id = \(post) AND p.deleted_at IS NULL")
        guard let counts = try rows.first.map({ try Counts($0) }) else { return nil }
        var writer = ByteWriter(capacity: 128)
        PostCounts(post: post, counts: counts).append(to: &writer)
        let state = Envelope(
            PostState.counts.kind, eventID: uuidV7(clock: clock), TraceContext(requestID: ""), payload: writer.bytes)
        return Channel.State(version: counts.version, state)
    }
}
