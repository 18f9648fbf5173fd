public import Core

/// What an audit has found of one feed: ids of posts, by what is wrong about them.
public struct FeedFinding: Sendable, Equatable {
    public let user: ID
    /// The timeline says that it has all posts from there on, and lacks these.
    public internal(set) var timelineLacks: Set<ID> = []
    /// The timeline has these of authors whom the user does not follow. Reads leave them out.
    public internal(set) var timelineHas: Set<ID> = []
    /// `feed_items` should have these, by `complete_from`.
    public internal(set) var storedLacks: Set<ID> = []
    /// Left behind by what crossed, where nothing keeps it out, and seen by nobody: what came when its author had just been
    /// unfollowed, or the post deleted. No failure, but a repair takes them out.
    public internal(set) var timelineStrays: Set<ID> = []
    public internal(set) var storedStrays: Set<ID> = []

    init(user: ID) { self.user = user }

    /// Is there something wrong with what a reader sees, or would see?
    public var isFailure: Bool { !(timelineLacks.isEmpty && timelineHas.isEmpty && storedLacks.isEmpty) }
    public var hasStrays: Bool { !(timelineStrays.isEmpty && storedStrays.isEmpty) }

    /// What an earlier look has found as well: the rest was under way.
    func still(_ earlier: FeedFinding) -> FeedFinding {
        var both = FeedFinding(user: user)
        for part in Self.parts { both[keyPath: part] = self[keyPath: part].intersection(earlier[keyPath: part]) }
        return both
    }

    private static var parts: [WritableKeyPath<FeedFinding, Set<ID>>] {
        [\.timelineLacks, \.timelineHas, \.storedLacks, \.timelineStrays, \.storedStrays]
    }
}

extension FeedFinding: CustomStringConvertible {
    public var description: String {
        let words = [
            ("the timeline lacks", timelineLacks), ("the timeline has, of nobody who is followed,", timelineHas),
            ("feed_items lacks", storedLacks), ("the timeline has as strays", timelineStrays),
            ("feed_items has as strays", storedStrays),
        ].filter { !$0.1.isEmpty }.map { what, posts in
            "\(what) \(posts.count == 1 ? "post" : "\(posts.count) posts, the newest") \(posts.max()!)"
        }
        return "feed of \(user): \(words.joined(separator: "; "))"
    }
}
