import Core

/// The way of one chunk through its followers, page by page: to whom each page goes, and where the next one begins.
struct ChunkWalk: Sendable {
    let chunk: Chunk
    /// Is its progress written down?
    let isTracked: Bool
    private(set) var position: ChunkPosition

    /// - Parameter position: where it goes on; `nil`: at the start.
    init(_ chunk: Chunk, isTracked: Bool, from position: ChunkPosition? = nil) {
        self.chunk = chunk
        self.isTracked = isTracked
        self.position = position ?? Self.start(of: chunk)
    }

    private static func start(of chunk: Chunk) -> ChunkPosition {
        ChunkPosition(bucket: chunk.buckets.lowerBound, follower: .zero)
    }

    /// Whether those whom it goes to must still be told. Of a post that was deleted while it was under way, its end is the
    /// only news.
    func isNews(isVisible: Bool) -> Bool {
        switch chunk.kind {
        case .created, .updated: isVisible
        case .deleted: true
        }
    }

    /// - Parameters:
    ///   - followers: those behind `position`, in order.
    ///   - limit: how many were asked for: with as many as that there may be more.
    mutating func next(_ followers: [ChunkPosition], limit: Int) -> FanOutStore.Page {
        let users = followers.map(\.follower) + (position == Self.start(of: chunk) ? author : [])
        let last = followers.count == limit ? followers.last : nil
        if let last { position = last }
        return FanOutStore.Page(chunk: chunk, users: users, next: last, isTracked: isTracked)
    }

    /// All of them in one page.
    func whole(_ followers: [ID]) -> FanOutStore.Page {
        FanOutStore.Page(chunk: chunk, users: followers + author, next: nil, isTracked: isTracked)
    }

    /// Authors have their posts in their own feeds, by the chunk whose bucket they are in.
    private var author: [ID] {
        chunk.buckets.contains(Bucket.of(chunk.author)) ? [chunk.author] : []
    }
}
