import Core
import RedisLink

/// A timeline as it is, whether anybody reads it or not.
struct WholeTimeline: Sendable {
    /// Newest first, tombstones among them.
    let entries: [TimelineEntry]
    /// From this id on it has every post; zero: all there are.
    let completeFrom: ID
}

extension Timelines {
    /// For an audit: it lives no longer for that.
    /// - Returns: `nil` where there is none, or it is being built, or a later version has written something into it: what that
    ///   means is not known here.
    func whole(_ user: ID) async throws -> WholeTimeline? {
        let reply = try await redis.command("LRANGE", .text(listKey(user)), "0", "-1")
        guard let elements = reply.elements else { throw RedisError.unexpectedReply("a list") }
        guard let marker = elements.last?.bytes.flatMap({ TimelineEntry($0) }), marker.isMarker,
            !marker.flags.contains(.building), !elements.contains(where: Self.isUnknown)
        else { return nil }
        return WholeTimeline(entries: try Self.entries(elements.dropLast()), completeFrom: marker.completeFrom)
    }

    private static func isUnknown(_ element: RedisReply) -> Bool {
        if case .unknown = element.bytes.map(TimelineEntry.read) { true } else { false }
    }
}
