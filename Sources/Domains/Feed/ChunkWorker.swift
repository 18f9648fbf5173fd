import Core
public import EventLog
import Runtime

/// Brings chunks to their followers: into timelines and to live clients first, for they wait; then into `feed_items`,
/// with the chunk's progress. Both may run twice. A chunk is done when both are.
public struct ChunkWorker: Sendable {
    /// Followers that are read, delivered to and stored at a time.
    private static let pageSize = 5_000
    private let store: FanOutStore
    private let timelines: Timelines
    private let delivered = Metrics.shared.counter("martlet_fanout_delivered_total", help: "Deliveries done")
    private let pushed = Metrics.shared.counter("martlet_fanout_pushed_total", help: "Deliveries to live nodes")
    private let chunkSeconds = Metrics.shared.histogram(
        "martlet_fanout_chunk_seconds", help: "Time for a batch of chunks to reach its followers")

    public init(store: FanOutStore, timelines: Timelines) {
        self.store = store
        self.timelines = timelines
    }

    private struct Job {
        let chunk: Chunk
        let change: PostChange
        var position: ChunkPosition
    }

    /// Handles one batch of `fanout.chunks`, in order.
    public func handle(_ records: [LogRecord]) async throws {
        let started = monotonicNanoseconds()
        var jobs: [Job] = []
        for change in records.compactMap(PostChange.init) {
            guard let buckets = change.headers.buckets else { continue }
            let chunk = Chunk(post: change.id, author: change.author, type: change.headers.type, buckets: buckets)
            jobs.append(
                Job(
                    chunk: chunk, change: change,
                    position: ChunkPosition(bucket: buckets.lowerBound, follower: .zero)))
        }
        guard !jobs.isEmpty else { return }
        // Of those who have few followers all are read in one round trip.
        let small = jobs.filter { !$0.change.headers.isTracked }.map(\.chunk)
        let known = Dictionary(zip(small, try await store.followers(of: small))) { first, _ in first }
        let tracked = jobs.filter(\.change.headers.isTracked).map(\.chunk)
        let positions = tracked.isEmpty ? [:] : try await store.positions(tracked)
        var pages: [FanOutStore.Page] = []
        for var job in jobs {
            if job.change.headers.isTracked {
                guard let position = positions[job.chunk] else { continue }
                job.position = position
            }
            if let (followers, isDeleted) = known[job.chunk] {
                try await finish(job, followers, isDeleted, &pages)
            } else {
                try await finish(job, &pages)
            }
        }
        chunkSeconds.observe(nanoseconds: monotonicNanoseconds() - started)
        // Nobody waits for this part; several posts go in one round trip.
        if !pages.isEmpty { try await store.store(pages) }
    }

    /// Delivers a chunk that is one page.
    private func finish(
        _ job: Job, _ followers: [ID], _ isDeleted: Bool, _ pages: inout [FanOutStore.Page]
    ) async throws {
        let users = job.chunk.buckets.contains(Bucket.of(job.chunk.author)) ? followers + [job.chunk.author] : followers
        if mayTell(job.chunk, isDeleted) { try await deliver(job.change, to: users) }
        pages.append(FanOutStore.Page(chunk: job.chunk, users: users, next: nil, isTracked: false))
    }

    /// Delivers a chunk page by page. The last page is left to the caller to store, together with others'.
    private func finish(_ job: Job, _ pages: inout [FanOutStore.Page]) async throws {
        var position = job.position
        var isFirst = position.bucket == job.chunk.buckets.lowerBound && position.follower == .zero
        while true {
            let (followers, isDeleted) = try await store.followers(
                of: job.chunk, from: position, limit: Self.pageSize)
            var users = followers.map(\.follower)
            if isFirst, job.chunk.buckets.contains(Bucket.of(job.chunk.author)) { users.append(job.chunk.author) }
            isFirst = false
            if mayTell(job.chunk, isDeleted) { try await deliver(job.change, to: users) }
            guard followers.count == Self.pageSize, let last = followers.last else {
                pages.append(
                    FanOutStore.Page(
                        chunk: job.chunk, users: users, next: nil, isTracked: job.change.headers.isTracked))
                return
            }
            position = last
            try await store.store([
                FanOutStore.Page(
                    chunk: job.chunk, users: users, next: last, isTracked: job.change.headers.isTracked)
            ])
        }
    }

    /// Of a post that was deleted while it was under way, its end is the only news.
    private func mayTell(_ chunk: Chunk, _ isDeleted: Bool) -> Bool {
        if chunk.type == EventType.postDeleted { return !Mutation.forgetDeletions.isOn }
        return !isDeleted || Mutation.deliverDeleted.isOn
    }

    private func deliver(_ change: PostChange, to users: [ID]) async throws {
        guard !users.isEmpty else { return }
        let event = TimelineEvent(
            change.headers.type == EventType.postDeleted ? .deleted : .created, post: change.id,
            author: change.author,
            payload: TaggedEvent.join(requestID: change.headers.requestID, change.payload))
        let counts = try await timelines.deliver(event, to: users)
        Log.info(
            "fanned out",
            [
                "request_id": .text(change.headers.requestID), "event_id": .text(change.headers.eventID),
                "type": .text(event.operation == .deleted ? EventType.postDeleted : EventType.postCreated),
                "post": .text(change.id.description), "followers": .number(Int64(users.count)),
                "pushed": .number(Int64(counts.pushed)),
            ])
        delivered.add(users.count)
        pushed.add(counts.pushed)
    }
}
