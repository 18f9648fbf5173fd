import Core
import EventLog
import Posts

/// A record of `post.events` or `fanout.chunks`.
struct PostChange {
    let kind: PostEvent
    let envelope: Envelope
    let id: ID
    let author: ID

    /// `nil`: it does not say of which post, or of which author.
    init?(_ kind: PostEvent, _ envelope: Envelope) {
        guard let post = envelope[.post], let author = envelope[.author] else { return nil }
        self.kind = kind
        self.envelope = envelope
        id = post
        self.author = author
    }

    /// The chunk that a record of `fanout.chunks` asks for.
    var chunk: Chunk? {
        envelope[.buckets].map { Chunk(post: id, author: author, kind: kind, buckets: $0, tags: envelope.tags) }
    }

    /// The key keeps an author's slice in one partition.
    func record(for chunk: Chunk, isTracked: Bool) -> NewRecord {
        var envelope = envelope
        envelope.tags = chunk.tags
        envelope[.isTracked] = isTracked ? true : nil
        envelope[.buckets] = chunk.buckets
        return NewRecord(topic: ChunkEvents.topic, key: "\(author):\(chunk.buckets.lowerBound)", envelope)
    }
}
