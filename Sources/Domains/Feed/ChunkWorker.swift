public import Consumers
import Core
import DomainKit
public import EventLog
import Posts

/// Brings chunks to their followers: into timelines and to live clients first, for they wait; then into `feed_items`,
/// with the chunk's progress. Both may run twice. A chunk is done when both are.
public struct ChunkWorker: Sendable {
    /// Followers that are read, delivered to and stored at a time.
    private static let pageSize = 5_000
    /// Events that are told together. What more there is comes behind them.
    private static let mostTogether = 10
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
        var walk: ChunkWalk

        /// `nil` where something of it is missing.
        init?(_ kind: PostEvent, _ envelope: Envelope) {
            guard let change = PostChange(kind, envelope), let chunk = change.chunk else { return nil }
            self.change = change
            walk = ChunkWalk(chunk, isTracked: envelope[.isTracked] ?? false)
        }

        /// Where it goes on; `nil`: it is finished.
        func from(_ positions: [Chunk: ChunkPosition]) -> Job? {
            guard walk.isTracked else { return self }
            guard let position = positions[walk.chunk] else { return nil }
            var job = self
            job.walk = ChunkWalk(walk.chunk, isTracked: true, from: position)
            return job
        }
    }

    /// Handles one batch of `fanout.chunks`, in order.
    public func handle(_ records: [LogRecord]) async throws -> Outcomes {
        let started = monotonicNanoseconds()
        var outcomes = Outcomes()
        var jobs: [Job] = []
        var unknown: [Envelope] = []
        for record in records {
            switch reader.read(record) {
            case .known(let kind, let envelope):
                if let job = Job(kind, envelope) { jobs.append(job) } else { reader.lacksFields(record, &outcomes) }
            case .unknown(let envelope): unknown.append(envelope)
            case .malformed: outcomes[record] = .malformed
            }
        }
        // Nobody will finish them any more, and their authors' slices wait for it.
        if !unknown.isEmpty { try await store.giveUp(unknown) }
        guard !jobs.isEmpty else { return outcomes }
        let tracked = jobs.filter(\.walk.isTracked).map(\.walk.chunk)
        let positions = tracked.isEmpty ? [:] : try await store.positions(tracked)
        let runs = ChunkRun.runs(jobs.compactMap { $0.from(positions) }, at: \.walk)
        // Of those who have few followers all are read in one round trip.
        let small = runs.filter { !$0[0].walk.isTracked }
        let (known, readers) = try await store.followers(
            of: Array(Set(small.map { $0[0].walk.chunk.slice })),
            posts: small.flatMap { $0.map(\.walk.chunk.post) })
        var pages: [FanOutStore.Page] = []
        for run in runs {
            if let followers = known[run[0].walk.chunk.slice], !run[0].walk.isTracked {
                pages += try await deliver(run, readers) { $0.whole(followers) }
            } else {
                pages += try await finish(run)
            }
        }
        chunkSeconds.observe(nanoseconds: monotonicNanoseconds() - started)
        // Nobody waits for this part; several posts go in one round trip.
        if !pages.isEmpty { try await store.store(pages) }
        return outcomes
    }

    /// Delivers chunks of one slice page by page.
    /// - Returns: the last page of each, which are left to the caller to store together with others'.
    private func finish(_ run: [Job]) async throws -> [FanOutStore.Page] {
        var run = run
        while true {
            let walk = run[0].walk
            let (followers, readers) = try await store.followers(
                of: walk.chunk.slice, from: walk.position, limit: Self.pageSize, posts: run.map(\.walk.chunk.post))
            let pages = try await deliver(run, readers) { $0.next(followers, limit: Self.pageSize) }
            guard pages[0].next != nil else { return pages }
            try await store.store(pages)
            for index in run.indices { _ = run[index].walk.next(followers, limit: Self.pageSize) }
        }
    }

    /// - Parameter page: of each walk, to the same users.
    private func deliver(
        _ run: [Job], _ readers: PostReaders, _ page: (inout ChunkWalk) -> FanOutStore.Page
    ) async throws -> [FanOutStore.Page] {
        var pages: [FanOutStore.Page] = []
        for job in run {
            var walk = job.walk
            pages.append(page(&walk))
        }
        let users = pages[0].users
        let news = run.filter { $0.walk.isNews(isVisible: readers.isVisible($0.change.id)) }.map(\.change)
        var together: [PostChange] = []
        for change in news {
            // A post for some of them goes by itself, in its turn.
            if readers.isSpecial(change.id) || together.count == Self.mostTogether {
                try await deliver(together, to: users, readers)
                together = []
            }
            if readers.isSpecial(change.id) {
                try await deliver([change], to: readers.readers(of: change, among: users), readers)
            } else {
                together.append(change)
            }
        }
        try await deliver(together, to: users, readers)
        return zip(pages, run).map { page, job in
            page.only(for: readers.stored(job.change, among: page.users), of: job.change.envelope.eventID)
        }
    }

    /// - Parameter changes: of one author; to each of the users all of them go in one way.
    private func deliver(_ changes: [PostChange], to users: [ID], _ readers: PostReaders) async throws {
        let told = changes.compactMap { change in
            TimelineEvent(change.kind.operation, change.envelope).map { (change: change, event: $0) }
        }
        guard !users.isEmpty, !told.isEmpty else { return }
        var pushed = Array(repeating: 0, count: told.count)
        for (audience, users) in readers.audiences(of: told[0].change, among: users) {
            let counts = try await timelines.deliver(told.map(\.event), to: users, as: audience)
            for (index, counts) in counts.enumerated() { pushed[index] += counts.pushed }
        }
        for (told, pushed) in zip(told, pushed) { note(told.change, pushed: pushed, users.count) }
    }

    private func note(_ change: PostChange, pushed count: Int, _ followers: Int) {
        Log.info(
            .chunkDelivered,
            [
                "request_id": .text(change.envelope.requestID), "event_id": .text(change.envelope.eventID),
                "type": .text(change.kind.rawValue),
                "post": .text(change.id.description), "followers": .number(Int64(followers)),
                "pushed": .number(Int64(count)),
            ])
        delivered.add(followers)
        pushed.add(count)
    }
}
