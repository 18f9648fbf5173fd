import Core
import EventLog

/// A record of `post.events` or `fanout.chunks`.
struct PostChange {
    let headers: EventHeaders
    let id: ID
    let author: ID
    let payload: [UInt8]

    /// The chunk that a record of `fanout.chunks` asks for.
    var chunk: Chunk? {
        headers.buckets.map { Chunk(post: id, author: author, type: headers.type, buckets: $0) }
    }

    /// The key keeps an author's slice in one partition.
    func record(for chunk: Chunk, isTracked: Bool) -> NewRecord {
        var headers = headers
        headers.isTracked = isTracked
        headers.buckets = chunk.buckets
        return NewRecord(
            topic: TopicName.chunks,
            key: "\(author):\(chunk.buckets.lowerBound)",
            value: payload,
            headers: headers.dictionary)
    }
}

extension PostChange {
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
}
