import Core
import Live
import Testing

@testable import Feed

/// At most four states a second on a channel, and none is put off for longer than that asks for.
@Suite struct StateTurnsTests {
    private let poll = ChannelName(kind: "poll", id: ID(raw: 7))
    private let post = ChannelName(kind: "post", id: ID(raw: 7))
    private let interval = StateTurns.interval

    @Test func theFirstIsToldAtOnceTheNextWhenItsTimeHasCome() {
        var turns = StateTurns()
        #expect(turns.take(poll, now: 1000) == 1000)
        #expect(turns.take(post, now: 1001) == 1001)
        #expect(turns.take(poll, now: 1002) == 1000 + interval)
        #expect(turns.take(poll, now: 1003) == 1000 + 2 * interval)
        let later = 1000 + 3 * interval
        #expect(turns.take(poll, now: later) == later)
        #expect(turns.take(poll, now: later + 2 * interval) == later + 2 * interval)
    }

    @Test func whatWasToldIsForgottenBehindTheInterval() {
        var turns = StateTurns()
        for id in 1...100 { _ = turns.take(ChannelName(kind: "post", id: ID(raw: Int64(id))), now: UInt64(id)) }
        #expect(turns.count == 100)
        _ = turns.take(poll, now: 100 + interval)
        #expect(turns.count == 1)
    }

    /// A turn ahead is not forgotten with the one before it.
    @Test func aTurnAheadIsKept() {
        var turns = StateTurns()
        for _ in 0..<3 { _ = turns.take(poll, now: 0) }
        #expect(turns.take(poll, now: interval) == 3 * interval)
    }

    @Test func moreChannelsThanItKeepsGetTheirsAtOnce() {
        var turns = StateTurns(limit: 1)
        #expect(turns.take(poll, now: 5) == 5)
        for _ in 0..<2 { #expect(turns.take(post, now: 6) == 6) }
        #expect(turns.take(poll, now: 6) == 5 + interval)
        #expect(turns.count == 1)
    }
}
