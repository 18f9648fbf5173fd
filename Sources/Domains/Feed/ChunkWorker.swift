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
    private let delivered = Metrics.shared.counter(.delivered)
    private let pushed = Metrics.shared.counter(.pushed)
    private let chunkSeconds = Metrics.shared.histogram(.chunkTime)

    public init(store: FanOutStore, timelines: Timelines) {
        self.store = store
        self.timelines = timelines
    }

    private struct Job {
        let change: PostChange
        let walk: ChunkWalk

        /// `nil` where something of it is missing.
        init?(_ kind: PostEvent, _ envelope: Envelope) {
            guard let change = PostChange(kind, envelope), let chunk = change.chunk else { return nil }
            self.change = change
            walk = ChunkWalk(chunk, isTracked: envelope[.isTracked] ?? false)
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
        let small = jobs.filter { !$0.walk.isTracked }.map(\.walk.chunk)
        let known = Dictionary(zip(small, try await store.followers(of: small))) { first, _ in first }
        let tracked = jobs.filter(\.walk.isTracked).map(\.walk.chunk)
        let positions = tracked.isEmpty ? [:] : try await store.positions(tracked)
        var pages: [FanOutStore.Page] = []
        for job in jobs {
            let chunk = job.walk.chunk
            if !job.walk.isTracked, let (followers, isVisible, muters) = known[chunk] {
                pages.append(try await deliver(job.walk.whole(followers), job, isVisible, muters))
            } else if let position = positions[chunk] {
                pages.append(try await finish(job, from: position))
            }
        }
        chunkSeconds.observe(nanoseconds: monotonicNanoseconds() - started)
        // Nobody waits for this part; several posts go in one round trip.
        if !pages.isEmpty { try await store.store(pages) }
    }

    /// Delivers a chunk page by page.
    /// - Returns: the last page, which is left to the caller to store together with others'.
    private func finish(_ job: Job, from position: ChunkPosition) async throws -> FanOutStore.Page {
        var walk = ChunkWalk(job.walk.chunk, isTracked: true, from: position)
        while true {
            let (followers, isVisible, muters) = try await store.followers(
                of: walk.chunk, from: walk.position, limit: Self.pageSize)
            let page = try await deliver(walk.next(followers, limit: Self.pageSize), job, isVisible, muters)
            if page.next == nil { return page }
            try await store.store([page])
        }
    }

    /// - Returns: the page.
    private func deliver(
        _ page: FanOutStore.Page, _ job: Job, _ isVisible: Bool, _ muters: Set<ID>
    ) async throws -> FanOutStore.Page {
        if job.walk.isNews(isVisible: isVisible) {
            // The end of a post is told to everybody: who mutes its author now may have it on the screen.
            try await deliver(job.change, to: page.users, silently: job.change.kind == .deleted ? [] : muters)
        }
        return page
    }

    private func deliver(_ change: PostChange, to users: [ID], silently silent: Set<ID>) async throws {
        guard !users.isEmpty, let event = TimelineEvent(change.kind.operation, change.envelope) else { return }
        let counts = try await timelines.deliver(event, to: users, silently: silent)
        Log.info(
            .chunkDelivered,
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
