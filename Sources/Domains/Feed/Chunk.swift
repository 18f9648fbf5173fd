public import Core
public import Posts

/// One post's change on its way to one range of its author's followers, and of those of its hashtags.
public struct Chunk: Sendable, Hashable {
    public let post: ID
    public let author: ID
    public let kind: PostEvent
    public let buckets: Range<Int>
    /// Those that somebody follows; of an edit those from before, too.
    public let tags: [String]

    /// Whose followers, in which buckets: of many chunks the same.
    struct Slice: Hashable {
        let author: ID
        let buckets: Range<Int>
        /// A post with hashtags goes by itself.
        let tagged: TaggedPost?
    }
    var slice: Slice {
        Slice(author: author, buckets: buckets, tagged: tags.isEmpty ? nil : TaggedPost(id: post, tags: tags))
    }

    public init(post: ID, author: ID, kind: PostEvent, buckets: Range<Int>, tags: [String] = []) {
        self.post = post
        self.author = author
        self.kind = kind
        self.buckets = buckets
        self.tags = tags
    }
}

/// A post that goes to followers of hashtags.
struct TaggedPost: Hashable {
    let id: ID
    let tags: [String]
}

/// Where a chunk goes on: behind this follower in this bucket.
public struct ChunkPosition: Sendable, Equatable {
    public let bucket: Int
    public let follower: ID

    public init(bucket: Int, follower: ID) {
        self.bucket = bucket
        self.follower = follower
    }
}
