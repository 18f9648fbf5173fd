import Core

/// What brings a follower's feed in line with a follow or an unfollow that was committed: a step at a time, each by what
/// has come of the one before. A value; `FeedRepair` does the steps.
struct Repair: Sendable {
    enum Cause: Sendable {
        case followed
        case unfollowed
        /// The process that began with a follow is gone: posts may have passed the timeline by since.
        case abandoned
    }

    enum Step: Sendable, Equatable {
        /// Deliveries of the author are let into the timeline.
        case join
        /// The author's newest posts are written into what is stored of the feed.
        case store
        /// They are added to the timeline.
        case backfill(RebuildEntries)
        /// The follow is marked as done. Is there still one?
        case settle
        /// The author's posts are taken out of the timeline, and deliveries refused.
        case sever
        /// They are taken out of what is stored of the feed. Is there a follow (again)?
        case remove
        /// The timeline is dropped: live clients are reset.
        case evict
    }

    enum Outcome: Sendable {
        case done
        /// Newest first.
        case stored([ID])
        case follows(Bool)
        case failed
    }

    /// How many of an author's posts come into a feed with a follow; older ones are read from the posts.
    static let backfill = 50

    /// What is to be done; `nil`: nothing more.
    private(set) var step: Step?
    private let author: ID
    private let cause: Cause
    /// An unfollow until it turns out that there is a follow again.
    private var isLeaving: Bool
    private var hasFailed = false

    init(_ cause: Cause, author: ID) {
        self.cause = cause
        self.author = author
        isLeaving = cause == .unfollowed
        // Deliveries are let in before the posts are read: one that comes between the two is in either. And refused before
        // they are taken out.
        step = isLeaving ? .sever : .join
    }

    mutating func advance(_ outcome: Outcome) {
        switch (step, outcome) {
        case (.join, .failed):
            // Without Redis feeds are read from what is stored, and that has no gap. The rest is done again later.
            hasFailed = true
            step = .store
        case (_, .failed): step = nil
        case (.join, _): step = .store
        case (.store, .stored(let posts)): step = hasFailed ? nil : .backfill(entries(posts))
        case (.backfill, _): step = .settle
        // Both may have changed meanwhile: what is committed last must win.
        case (.settle, .follows(let follows)): step = follows ? end : .sever
        case (.sever, _): step = isLeaving ? .remove : end
        case (.remove, .follows(let follows)):
            isLeaving = !follows
            step = follows ? .join : nil
        case (.evict, _): step = nil
        case (let step, let outcome): preconditionFailure("a repair: \(outcome) of \(String(describing: step))")
        }
    }

    private var end: Step? { cause == .abandoned ? .evict : nil }

    private func entries(_ posts: [ID]) -> RebuildEntries {
        RebuildEntries(
            entries: posts.map { .init(post: $0, author: author) }, completeFrom: Self.completeFrom(posts) ?? .zero)
    }

    /// From which post on a feed has all of an author's, after as many as `backfill` were read; `nil`: it has all.
    /// - Parameter posts: newest first.
    static func completeFrom(_ posts: [ID]) -> ID? {
        posts.count < backfill ? nil : posts[posts.count - 1]
    }
}
