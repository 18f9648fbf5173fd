import Core
import Live
import TestSupport
import Testing

@testable import Feed

@Suite struct StatePaceTests {
    private let poll = ChannelName("poll:1")!
    private let post = ChannelName("post:1")!
    private let interval = StatePace.interval

    private func state(_ version: Int64, _ channel: ChannelName? = nil) -> StatePace.State {
        StatePace.State(channel ?? poll, version: version, TestSource.envelope(version, "e"))
    }

    @Test func theFirstGoesAtOnceAndTheNewestLater() {
        var pace = StatePace()
        #expect(pace.next == nil)
        #expect(pace.came(state(1), now: 1000) == .publish(state(1)))
        #expect(pace.came(state(3), now: 2000) == .hold)
        #expect(pace.came(state(2), now: 3000) == .drop)
        #expect(pace.came(state(4), now: 4000) == .hold)
        #expect(pace.came(state(9, post), now: 5000) == .publish(state(9, post)))
        #expect(pace.next == 1000 + interval && pace.due(now: 999 + interval) == [])
        #expect(pace.due(now: 1000 + interval) == [state(4)])
        #expect(pace.came(state(4), now: 1001 + interval) == .drop)
        #expect(pace.next == 5000 + interval)
        // Nothing waits: the channel is forgotten, and the next one goes at once.
        #expect(pace.due(now: 1000 + 2 * interval) == [] && pace.count == 0 && pace.next == nil)
        #expect(pace.came(state(5), now: 2001 + 2 * interval) == .publish(state(5)))
    }

    @Test func beyondTheLimitThingsGoAtOnce() {
        var pace = StatePace(limit: 1)
        #expect(pace.came(state(1), now: 0) == .publish(state(1)))
        for version: Int64 in 1...3 {
            #expect(pace.came(state(version, post), now: 0) == .publish(state(version, post)))
        }
        #expect(pace.count == 1 && pace.came(state(2), now: 0) == .hold)
    }

    /// At most four a second on each channel, in the order of versions, and the last change always comes.
    @Test func randomChanges() {
        let seed = UInt64.random(in: 0 ... .max)
        var random = Seeded(seed)
        var pace = StatePace()
        var now: UInt64 = 0
        var newest: [ChannelName: Int64] = [:]
        var told: [ChannelName: [(at: UInt64, version: Int64)]] = [:]
        for _ in 0..<20_000 {
            now += .random(in: 0..<interval / 8, using: &random)
            let states: [StatePace.State]
            if Bool.random(using: &random) {
                let channel = [poll, post].randomElement(using: &random)!
                let version = newest[channel, default: 0] + .random(in: 0...2, using: &random)
                newest[channel] = version
                let action = pace.came(state(version, channel), now: now)
                states = if case .publish(let state) = action { [state] } else { [] }
            } else if let next = pace.next {
                now = max(now, next)
                states = pace.due(now: now)
            } else {
                states = []
            }
            for state in states { told[state.channel, default: []].append((now, state.version)) }
        }
        for state in pace.due(now: now + interval) { told[state.channel]!.append((now + interval, state.version)) }
        for (channel, all) in told {
            #expect(all.last?.version == newest[channel], "seed \(seed)")
            #expect(zip(all, all.dropFirst(4)).allSatisfy { $1.at - $0.at >= 4 * interval }, "seed \(seed)")
            let pairs = zip(all, all.dropFirst())
            #expect(pairs.allSatisfy { $1.at - $0.at >= interval }, "seed \(seed)")
        }
    }
}
