import Core
public import EventLog
import Live
import Posts

/// Tells the subscribers of channels what happens to posts. May run twice: see `Channels.publish`.
public struct ChannelWorker: Sendable {
    private let channels: Channels
    /// Who may see these posts.
    private let visibility: @Sendable (Set<ID>) async throws -> [ID: PostVisibility]
    private let told = Metrics.shared.counter(.channelEvents)
    private let repeated = Metrics.shared.counter(.channelRepeats)
    private let messages = Metrics.shared.counter(.channelMessages)

    init(channels: Channels, visibility: @escaping @Sendable (Set<ID>) async throws -> [ID: PostVisibility]) {
        self.channels = channels
        self.visibility = visibility
    }

    private struct Job {
        let change: PostChange
        let offset: Int64
        let channels: [ChannelName]
    }

    /// Handles one batch of `post.events`, in order.
    public func handle(_ records: [LogRecord]) async throws {
        let jobs = records.compactMap(job)
        // Nearly always there is nobody: then no post is read and no event sent.
        let known = try await channels.known(Set(jobs.flatMap(\.channels)))
        let wanted = jobs.filter { $0.channels.contains(where: known.contains) }
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
        let counts = try await channels.publish(batch, from: "\(first.topic)/\(first.partition)")
        let changed = wanted.filter(\.change.kind.changesVisibility).map { ChannelName.post($0.change.id) }
        try await channels.recheck(changed.filter(known.contains))
        told.add(counts.told)
        repeated.add(counts.repeated)
        messages.add(counts.messages)
    }

    private func job(_ record: LogRecord) -> Job? {
        // The planner reads the same records, and counts what is passed over.
        guard let envelope = Envelope(headers: record.headers, payload: record.value),
            let kind = PostEvent(envelope.kind), let change = PostChange(kind, envelope)
        else { return nil }
        return Job(
            change: change, offset: record.offset,
            channels: kind.channels(post: change.id, author: change.author, tags: envelope.tags))
    }
}
