import Core
import Testing

@testable import Feed

/// Of each author some posts are read, so what is complete ends where the first of them has more.
@Suite struct RebuildBoundsTests {
    private func bounded(
        _ entries: [(post: Int64, author: Int64)], perAuthor: Int, cap: Int
    ) -> (posts: [Int64], from: Int64) {
        let bounded = FeedRebuild.bounded(
            entries.map { .init(post: ID(raw: $0.post), author: ID(raw: $0.author), tag: nil) }, most: perAuthor,
            cap: cap)
        return (bounded.entries.map(\.post.raw), bounded.completeFrom.raw)
    }

    @Test func allThereIs() {
        let all = bounded([(9, 1), (8, 2), (7, 1)], perAuthor: 3, cap: 5)
        #expect(all.posts == [9, 8, 7] && all.from == 0)
        #expect(bounded([], perAuthor: 3, cap: 5).from == 0)
    }

    @Test func belowTheLastOfAnAuthorWhoHasMoreThereAreGaps() {
        let some = bounded([(9, 1), (8, 2), (7, 1), (6, 2), (5, 3)], perAuthor: 2, cap: 10)
        #expect(some.posts == [9, 8, 7] && some.from == 7)
    }

    /// A hashtag has an end of its own, and what comes twice counts once.
    @Test func hashtags() {
        func found(_ post: Int64, _ author: Int64, _ tag: String? = nil) -> FeedRebuild.Found {
            .init(post: ID(raw: post), author: ID(raw: author), tag: tag)
        }
        let all = [
            found(9, 1), found(9, 1, "a"), found(8, 2, "b"), found(7, 1), found(6, 2, "a"), found(6, 2, "b"),
            found(5, 1),
        ]
        let whole = FeedRebuild.bounded(all, most: 4, cap: 5)
        #expect(whole.entries.map(\.post.raw) == [9, 8, 7, 6, 5] && whole.completeFrom == .zero)
        #expect(whole.entries.map(\.isByTag) == [true, true, false, true, false])
        let some = FeedRebuild.bounded(all, most: 2, cap: 9)
        #expect(some.entries.map(\.post.raw) == [9, 8, 7] && some.completeFrom.raw == 7)
    }

    @Test func theCapCutsToo() {
        let some = bounded([(9, 1), (8, 2), (7, 3), (6, 4)], perAuthor: 2, cap: 3)
        #expect(some.posts == [9, 8, 7] && some.from == 7)
        let exact = bounded([(9, 1), (8, 2), (7, 3)], perAuthor: 2, cap: 3)
        #expect(exact.posts == [9, 8, 7] && exact.from == 0)
    }
}
