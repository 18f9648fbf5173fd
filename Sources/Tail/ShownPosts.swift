import Core

/// What was shown, so that nothing is shown twice. It remembers the last ten thousand posts.
struct ShownPosts {
    struct Post {
        let handle: String
        let createdAt: String
        var isDeleted = false
    }

    private let limit: Int
    private var posts: [ID: Post] = [:]
    private var deletedUnseen: Set<ID> = []
    private var order: [ID] = []
    private var oldest = 0

    init(limit: Int = 10_000) {
        self.limit = limit
    }

    func contains(_ id: ID) -> Bool { posts[id] != nil || deletedUnseen.contains(id) }

    /// False when it was shown, or deleted, before.
    mutating func insert(_ post: FeedPost) -> Bool {
        guard !contains(post.id) else { return false }
        posts[post.id] = Post(handle: post.handle, createdAt: post.createdAt)
        remember(post.id)
        return true
    }

    /// Was it shown, and not deleted since?
    func shows(_ id: ID) -> Bool { posts[id].map { !$0.isDeleted } ?? false }

    enum Deletion {
        case shown(Post)
        /// Of a post that was never shown.
        case unseen
        case again
    }

    mutating func delete(_ id: ID) -> Deletion {
        if let post = posts[id] {
            posts[id]?.isDeleted = true
            return post.isDeleted ? .again : .shown(post)
        }
        guard deletedUnseen.insert(id).inserted else { return .again }
        remember(id)
        return .unseen
    }

    private mutating func remember(_ id: ID) {
        order.append(id)
        guard order.count - oldest > limit else { return }
        posts[order[oldest]] = nil
        deletedUnseen.remove(order[oldest])
        oldest += 1
        if oldest > limit {
            order.removeFirst(oldest)
            oldest = 0
        }
    }
}
