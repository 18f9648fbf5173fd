public import Consumers
import Core
import DomainKit
public import EventLog
import Live
import Posts
import Store

/// Tells the subscribers of channels what happens to posts. May run twice: see `Channels.publish`.
public struct ChannelWorker: Sendable {
    private let channels: Channels
    /// Who may see these posts.
    private let visibility: @Sendable (Set<ID>) async throws -> [ID: PostVisibility]
    private let database: Database
    private let ofPosts: [ChannelsOfPosts]
    private let reader = EventReader<PostEvent>()

    init(
        channels: Channels, database: Database, ofPosts: [ChannelsOfPosts],
        visibility: @escaping @Sendable (Set<ID>) async throws -> [ID: PostVisibility]
    ) {
        (self.channels, self.database, self.ofPosts) = (channels, database, ofPosts)
        self.visibility = visibility
    }

    private struct Job {
        let change: PostChange
        let offset: Int64
        let channels: [ChannelName]
    }

    /// Handles one batch of `post.events`, in order.
    public func handle(_ records: [LogRecord]) async throws -> Outcomes {
        var outcomes = Outcomes()
        let jobs = records.compactMap { job($0, &outcomes) }
        let changed = try await channels(of: jobs.filter(\.change.kind.changesVisibility).map(\.change.id))
        // Nearly always there is nobody: then no post is read and no event sent.
        let known = try await channels.known(Set(jobs.flatMap(\.channels) + changed))
        let wanted = jobs.filter { $0.channels.contains(where: known.contains) }
        try await tell(wanted, known, from: records)
        try await channels.recheck(changed.filter(known.contains))
        return outcomes
    }

    private func tell(_ wanted: [Job], _ known: Set<ChannelName>, from records: [LogRecord]) async throws {
        guard !wanted.isEmpty, let first = records.first else { return }
        let visibility = try await visibility(Set(wanted.map(\.change.id)))
        var batch: [ChannelName: [ChannelPublication]] = [:]
        for job in wanted {
            let post = visibility[job.change.id]
            // Of a post that was deleted meanwhile only its end is told, and of an absent author nothing.
            guard job.change.kind == .deleted || post?.isVisibleToOthers == true else { continue }
            for channel in job.channels where known.contains(channel) {
                // Who is told of an author's posts need not be a follower.
                if channel.kind != ChannelName.postKind, post?.level != .public { continue }
                batch[channel, default: []].append(
                    ChannelPublication(offset: job.offset, job.change.envelope.withoutTags))
            }
        }
        try await channels.publish(batch, from: "\(first.topic)/\(first.partition)")
    }

    private func channels(of posts: [ID]) async throws -> [ChannelName] {
        guard !posts.isEmpty else { return [] }
        let results = try await database.batch(ofPosts.map { $0.select(of: posts) })
        return try zip(ofPosts, results).flatMap { some, rows in
            try rows.map { ChannelName(kind: some.kind, id: try $0.id("id")) }
        }
    }

    private func job(_ record: LogRecord, _ outcomes: inout Outcomes) -> Job? {
        guard let (kind, envelope) = reader.known(record, &outcomes) else { return nil }
        guard let change = PostChange(kind, envelope) else {
            reader.lacksFields(record, &outcomes)
            return nil
        }
        return Job(
            change: change, offset: record.offset,
            channels: kind.channels(post: change.id, author: change.author, tags: envelope.tags))
    }
}
