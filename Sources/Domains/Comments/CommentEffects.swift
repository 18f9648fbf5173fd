import Core
import DomainKit
import Live
import Posts
import Relations
import Store

/// What comments tell those who have subscribed to their post: each by itself, and that the post has another number of them.
struct CommentEffects: Sendable {
    let database: Database

    var all: [ChannelEffect] {
        CommentEvent.allCases.flatMap { event in
            let told = ChannelEffect(event.kind, .event(select: current), on: channel)
            return event == .updated ? [told] : [told, ChannelEffect(event.kind, .state, on: channel)]
        } + CommentLikeEvent.allCases.map { .nothing($0.kind) }
    }

    @Sendable private func channel(_ event: Envelope) -> ChannelName? {
        guard event[.comment] != nil else { return nil }
        return event[.post].map { ChannelName.post($0) }
    }

    /// Of a comment that was deleted meanwhile only its end is told, and of an absent author nothing.
    @Sendable private func current(_ events: [Envelope]) async throws -> [Envelope] {
        let ids = Set(events.filter { $0.kind != CommentEvent.deleted.kind }.compactMap { $0[.comment] })
        guard !ids.isEmpty else { return events }
        let there = Set(
            try await database.query(
                """
                SELECT m.id FROM comments m JOIN posts p ON p.id = m.post_id
                WHERE m.id = ANY (\(Array(ids))::bigint[]) AND m.deleted_at IS NULL
                    AND \(PostVisibility.sqlToSomebody("p")) AND \(CommentVisibility.sql("m", to: "NULL::bigint"))
                """
            ).map { try $0.id("id") })
        return events.filter { event in
            event.kind == CommentEvent.deleted.kind || event[.comment].map(there.contains) ?? false
        }
    }
}
