import Core
import DomainKit
public import EventLog
import Posts

/// Brings chunks to their followers: into timelines and to live clients first, for they wait; then into `feed_items`,
/// with the chunk's progress. Both may run twice. A chunk is done when both are.
public struct ChunkWorker: Sendable {
    /// Followers that are read, delivered to and stored at a time.
    private static let pageSize = 5_000
    private let store: FanOutStore
    private let timelines: Timelines
    private let reader = EventReader<PostEvent>()
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
        let isTracked: Bool
        var position: ChunkPosition

        /// `nil` where something of it is missing.
        init?(_ kind: PostEvent, _ envelope: Envelope) {
            guard let change = PostChange(kind, envelope), let buckets = envelope[.buckets] else { return nil }
            self.change = change
            chunk = Chunk(post: change.id, author: change.author, kind: kind, buckets: buckets)
            isTracked = envelope[.isTracked] ?? false
            position = ChunkPosition(bucket: buckets.lowerBound, follower: .zero)
        }
    }

    /// Handles one batch of `fanout.chunks`, in order.
    public func handle(_ records: [LogRecord]) async throws {
        let started = monotonicNanoseconds()
        var jobs: [Job] = []
        var unknown: [Envelope] = []
        for record in records {
            switch reader.read(record) {
            case .known(let kind, let envelope):
                if let job = Job(kind, envelope) { jobs.append(job) } else { reader.passOver(record) }
            case .unknown(let envelope): unknown.append(envelope)
            case .malformed: break
            }
        }
        // Nobody will finish them any more, and their authors' slices wait for it.
        if !unknown.isEmpty { try await store.giveUp(unknown) }
        guard !jobs.isEmpty else { return }
        // Of those who have few followers all are read in one round trip.
        let small = jobs.filter { !$0.isTracked }.map(\.chunk)
        let known = Dictionary(zip(small, try await store.followers(of: small))) { first, _ in first }
        let tracked = jobs.filter(\.isTracked).map(\.chunk)
        let positions = tracked.isEmpty ? [:] : try await store.positions(tracked)
        var pages: [FanOutStore.Page] = []
        for var job in jobs {
            if job.isTracked {
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
                    FanOutStore.Page(chunk: job.chunk, users: users, next: nil, isTracked: job.isTracked))
                return
            }
            position = last
            try await store.store([
                FanOutStore.Page(chunk: job.chunk, users: users, next: last, isTracked: job.isTracked)
            ])
        }
    }

    /// Of a post that was deleted while it was under way, its end is the only news.
    private func mayTell(_ chunk: Chunk, _ isDeleted: Bool) -> Bool {
        switch chunk.kind {
        case .created: !isDeleted
        case .deleted: true
        }
    }

    private func deliver(_ change: PostChange, to users: [ID]) async throws {
        guard !users.isEmpty, let event = TimelineEvent(change.kind.operation, change.envelope) else { return }
        let counts = try await timelines.deliver(event, to: users)
        Log.info(
            "fanned out",
            [
                "request_id": .text(change.envelope.requestID), "event_id": .text(change.envelope.eventID),
                "type": .text(change.kind.rawValue),
                "post": .text(change.id.description), "followers": .number(Int64(users.count)),
                "pushed": .number(Int64(counts.pushed)),
            ])
        delivered.add(users.count)
        pushed.add(counts.pushed)
    }
}
