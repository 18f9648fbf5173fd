import Core
import Testing

@testable import Feed

@Suite struct RepairTests {
    private let author = ID(raw: 9)

    /// The steps up to the end, by what comes of each.
    private func steps(_ cause: Repair.Cause, _ outcomes: [Repair.Outcome]) -> [Repair.Step] {
        var repair = Repair(cause, author: author)
        var steps: [Repair.Step] = []
        for outcome in outcomes {
            guard let step = repair.step else { break }
            steps.append(step)
            repair.advance(outcome)
        }
        if let step = repair.step { steps.append(step) }
        return steps
    }

    private func entries(_ posts: [Int64], from: Int64 = 0) -> RebuildEntries {
        RebuildEntries(entries: posts.map { .init(post: ID(raw: $0), author: author) }, completeFrom: ID(raw: from))
    }

    private let posts = [ID(raw: 7), ID(raw: 5)]

    @Test func aFollowBringsTheNewestPosts() {
        let steps = steps(.followed, [.done, .stored(posts), .done, .follows(true), .done])
        #expect(steps == [.join, .store, .backfill(entries([7, 5])), .settle])
    }

    /// The unfollow may have been done with before the posts came in.
    @Test func aFollowThatHasGoneMeanwhileIsUndone() {
        let steps = steps(.followed, [.done, .stored(posts), .done, .follows(false), .done])
        #expect(steps == [.join, .store, .backfill(entries([7, 5])), .settle, .sever])
    }

    @Test func withoutRedisTheStoredFeedIsRepairedAlone() {
        #expect(steps(.followed, [.failed, .stored(posts), .done]) == [.join, .store])
        #expect(steps(.followed, [.failed, .failed, .done]) == [.join, .store])
    }

    /// It is not marked as done, so that it is done again.
    @Test func whatFailsLaterEndsIt() {
        #expect(steps(.followed, [.done, .failed, .done]) == [.join, .store])
        let late = steps(.followed, [.done, .stored([]), .failed, .done])
        #expect(late == [.join, .store, .backfill(entries([]))])
    }

    @Test func anUnfollowTakesThePostsOut() {
        #expect(steps(.unfollowed, [.done, .follows(false), .done]) == [.sever, .remove])
        #expect(steps(.unfollowed, [.failed, .done]) == [.sever])
    }

    /// The later of the two must win.
    @Test func whoFollowsAgainMeanwhileGetsThePostsBack() {
        let outcomes: [Repair.Outcome] = [.done, .follows(true), .done, .stored(posts), .done]
        let begun: [Repair.Step] = [.sever, .remove, .join, .store, .backfill(entries([7, 5])), .settle]
        #expect(steps(.unfollowed, outcomes + [.follows(true), .done]) == begun)
        #expect(steps(.unfollowed, outcomes + [.follows(false), .done, .done]) == begun + [.sever])
    }

    @Test func anAbandonedFollowDropsTheTimelineAtTheEnd() {
        let outcomes: [Repair.Outcome] = [.done, .stored(posts), .done]
        let begun: [Repair.Step] = [.join, .store, .backfill(entries([7, 5])), .settle]
        #expect(steps(.abandoned, outcomes + [.follows(true), .done, .done]) == begun + [.evict])
        #expect(steps(.abandoned, outcomes + [.follows(false), .done, .done, .done]) == begun + [.sever, .evict])
        #expect(steps(.abandoned, [.failed, .stored(posts), .done]) == [.join, .store])
    }

    @Test func moreThanComesIsLeftToThePosts() {
        let many = (1...Repair.backfill).reversed().map { ID(raw: Int64($0) * 10) }
        #expect(Repair.completeFrom(many) == ID(raw: 10))
        #expect(Repair.completeFrom(Array(many.dropLast())) == nil && Repair.completeFrom([]) == nil)
        let steps = steps(.followed, [.done, .stored(many)])
        #expect(steps.last == .backfill(entries(many.map(\.raw), from: 10)))
    }
}
