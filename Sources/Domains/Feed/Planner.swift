import Core
public import EventLog
import Runtime

/// Turns each change of a post into chunks, one for each slice of its author's followers.
public struct Planner: Sendable {
    private let store: FanOutStore
    private let log: any EventLog
    private let planned = Metrics.shared.counter("martlet_fanout_planned_total", help: "Deliveries planned")

    public init(store: FanOutStore, log: any EventLog) {
        self.store = store
        self.log = log
    }

    /// Handles one batch of `post.events`, in order. May run twice.
    public func handle(_ records: [LogRecord]) async throws {
        let posts = records.compactMap(PostChange.init)
        let authors = try await store.authors(Set(posts.map(\.author)))
        var chunks: [Chunk] = []
        var slices: [ID: Int] = [:]
        var queued: [NewRecord] = []
        for post in posts {
            guard let author = authors[post.author] else { continue }
            if slices[post.author] == nil {
                slices[post.author] = try await settleSlices(of: post.author, author)
            }
            let count = slices[post.author]!
            for slice in 0..<count {
                let chunk = Chunk(
                    post: post.id, author: post.author, type: post.headers.type,
                    buckets: Slicing.buckets(slice, of: count))
                let isTracked = Slicing.isTracked(followers: author.followers, slices: count)
                if isTracked { chunks.append(chunk) }
                queued.append(post.record(for: chunk, isTracked: isTracked))
            }
            planned.add(Int(author.followers) + 1)
        }
        if !chunks.isEmpty { try await store.begin(chunks) }
        try await log.append(queued)
    }

    /// Other slices mean other partitions of the log, where a new post could overtake one before it: so the number is
    /// changed only when nothing of the author is under way.
    private func settleSlices(of id: ID, _ author: FanOutStore.Author) async throws -> Int {
        let wanted = Slicing.slices(followers: author.followers, current: author.slices)
        guard wanted != author.slices, try await store.unfinished(author: id) == 0 else { return author.slices }
        try await store.setSlices(author: id, wanted)
        return wanted
    }
}

/// A record of `post.events` or `fanout.chunks`.
struct PostChange {
    let headers: EventHeaders
    let id: ID
    let author: ID
    let payload: [UInt8]

    /// `nil`, with a log line, for a record that nobody can read: it is passed over, or all behind it would wait.
    init?(_ record: LogRecord) {
        guard let headers = EventHeaders(record.headers), let post = headers.post, let author = headers.author else {
            Log.error(
                "record not understood",
                [
                    "topic": .text(record.topic), "partition": .number(Int64(record.partition)),
                    "offset": .number(record.offset),
                ])
            return nil
        }
        self.headers = headers
        id = post
        self.author = author
        payload = record.value
    }

    /// The key keeps an author's slice in one partition.
    func record(for chunk: Chunk, isTracked: Bool) -> NewRecord {
        var headers = headers
        headers.isTracked = isTracked
        headers.buckets = chunk.buckets
        return NewRecord(
            topic: TopicName.chunks,
            key: Mutation.chunksInAnyPartition.isOn ? "\(id)" : "\(author):\(chunk.buckets.lowerBound)",
            value: payload,
            headers: headers.dictionary)
    }
}
