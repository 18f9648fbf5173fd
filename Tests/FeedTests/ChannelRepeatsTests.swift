import Core
import Live
import RedisLink
import Testing

@testable import Feed

/// Consumers read what they have read before.
@Suite struct ChannelRepeatsTests {
    private let channel = ChannelName("user:7")!
    private let node = NodeName("node0001")!

    private struct Place {
        let server: TimelinesServer
        let channels: Channels
        /// Of a subscriber who has been there from the start.
        let start: LiveCursor
    }

    private func start(events: Int = 100) async throws -> Place {
        let server = try await TimelinesServer()
        var options = Channels.Options()
        options.events = events
        let channels = Channels(server.timelines(), options: options)
        let start = try await channels.register([channel], node: node)[0].partition.cursor
        return Place(server: server, channels: channels, start: start)
    }

    @Test func aBatchThatComesAgainIsToldOnce() async throws {
        let place = try await start()
        let events = (1...20).map { TestSource.event($0) }
        #expect(try await place.channels.publish(Array(events[..<12]), on: channel).told == 12)
        let again = try await place.channels.publish(events, on: channel)
        #expect(again.told == 8 && again.repeated == 12)
        #expect(try await place.channels.publish(Array(events[3..<5]), on: channel).repeated == 2)
        #expect(try await place.channels.recover(channel, from: place.start).numbers == Array(1...20))
    }

    /// Who moves events into the log may do it twice: then one has two offsets. Its clock may be behind that of others.
    @Test func anEventWithTwoOffsets() async throws {
        let place = try await start()
        let events = [(1, 0), (2, 40), (3, 20)].map { TestSource.event($0, age: $1) }
        let again = events.map { ChannelPublication(offset: $0.offset + 3, $0.envelope) }
        #expect(try await place.channels.publish(events, on: channel).told == 3)
        #expect(try await place.channels.publish(again, on: channel) == ChannelCounts(repeated: 3))
        let next = TestSource.event(7, age: 30)
        #expect(try await place.channels.publish([next], on: channel).told == 1)
        #expect(try await place.channels.publish(again + [next], on: channel) == ChannelCounts(repeated: 4))
        #expect(try await place.channels.recover(channel, from: place.start).numbers == [1, 2, 3, 7])
    }

    /// A topic that was made anew counts from 0. That something is lost was told, so nothing is known of its sources any more.
    @Test func whatComesBehindALossIsNew() async throws {
        let place = try await start()
        let events = (1...9).map { TestSource.event($0) }
        _ = try await place.channels.publish(events, on: channel)
        let before = try await place.channels.register([channel], node: node)[0].partition.cursor
        let timelines = place.channels.timelines
        try await timelines.renew()
        let behind = try await place.channels.register([channel], node: node)[0].partition.cursor
        #expect(behind.epoch != before.epoch)
        // Another process has found it, too.
        try await timelines.renew()
        #expect(try await place.channels.register([channel], node: node)[0].partition.cursor.epoch == behind.epoch)
        let new = (10...12).map { ChannelPublication(offset: $0 - 9, TestSource.event($0).envelope) }
        #expect(try await place.channels.publish(new, on: channel) == ChannelCounts(told: 3))
        #expect(try await place.channels.publish(new, on: channel) == ChannelCounts(repeated: 3))
        #expect(try await place.channels.publish(events, on: channel) == ChannelCounts(repeated: 9))
        #expect(try await place.channels.recover(channel, from: before).missed == nil)
        #expect(try await place.channels.recover(channel, from: behind).numbers == [10, 11, 12])
    }

    /// Also where the log holds less than what comes again.
    @Test func theBoundOfTheLogIsNoBoundOfTheRule() async throws {
        let place = try await start(events: 3)
        let events = (1...20).map { TestSource.event($0) }
        _ = try await place.channels.publish(events, on: channel)
        #expect(try await place.channels.publish(events, on: channel) == ChannelCounts(repeated: 20))
    }

    /// Clocks of those who make events differ: an event that goes before others may have a later time.
    @Test func clocksDiffer() async throws {
        let place = try await start()
        let events = [(1, 50), (2, 0), (3, 40), (4, 30)].map { TestSource.event($0, age: $1) }
        _ = try await place.channels.publish(Array(events[2...]), on: channel)
        #expect(try await place.channels.publish(events, on: channel) == ChannelCounts(repeated: 4))
        #expect(try await place.channels.recover(channel, from: place.start).numbers == [3, 4])
    }

    /// A channel may have several sources; offsets of one say nothing of another.
    @Test func eachSourceCountsByItself() async throws {
        let place = try await start()
        let sources = (0..<12).map { "test.events/\($0)" }
        for (index, source) in sources.enumerated() {
            let event = TestSource.event(Int64(100 - index))
            let counts = [
                try await place.channels.publish([event], on: channel, from: source),
                try await place.channels.publish([event], on: channel, from: source),
            ]
            #expect(counts.map(\.told) == [1, 0] && counts.map(\.repeated) == [0, 1])
        }
        #expect(try await place.channels.recover(channel, from: place.start).numbers?.count == 12)
    }

    /// A topic that was made anew counts from 0. What it brings is new, by its time.
    @Test func aSourceMayBeginAnew() async throws {
        let place = try await start()
        _ = try await place.channels.publish([TestSource.event(500, age: 200)], on: channel)
        let fresh = [TestSource.event(0, age: 100), TestSource.event(1, age: 90)]
        #expect(try await place.channels.publish(fresh, on: channel).told == 2)
        #expect(try await place.channels.publish(fresh, on: channel).repeated == 2)
        #expect(try await place.channels.recover(channel, from: place.start).numbers == [500, 0, 1])
    }

    /// A group that is new reads a week of records: nobody is told of what was over before he came.
    @Test func whatIsOlderThanTheLogIsLeftOut() async throws {
        let place = try await start()
        let events = [TestSource.event(1, age: 86_400), TestSource.event(2, age: 700), TestSource.event(3, age: 500)]
        #expect(try await place.channels.publish(events, on: channel) == ChannelCounts(told: 1))
        #expect(try await place.channels.recover(channel, from: place.start).numbers == [3])
        // An id that says nothing about time.
        let nameless = ChannelPublication(offset: 4, TestSource.envelope(4, "00000000-0000-4000-8000-000000000000"))
        #expect(try await place.channels.publish([nameless], on: channel).told == 1)
    }

    /// Redis forgets the scripts: the call fails, and what was not told is told when it is repeated.
    @Test func scriptsThatWereFlushed() async throws {
        let place = try await start()
        let events = (1...6).map { TestSource.event($0) }
        _ = try await place.channels.publish(Array(events[..<3]), on: channel)
        _ = try await place.server.redis.command("SCRIPT", "FLUSH")
        await #expect(throws: RedisError.self) { try await place.channels.publish(events, on: channel) }
        try await place.server.redis.waitUntilConnected(milliseconds: 10_000)
        #expect(try await place.channels.publish(events, on: channel).told == 3)
        #expect(try await place.channels.recover(channel, from: place.start).numbers == Array(1...6))
    }

    /// No event is told before one that goes first, whatever fails: a channel's events of a batch are one call.
    @Test func aFailureLeavesNoHole() async throws {
        let place = try await start()
        let events = (1...6).map { TestSource.event($0) }
        _ = try await place.server.redis.command("CONFIG", "SET", "maxmemory", "1")
        await #expect(throws: RedisError.self) { try await place.channels.publish(events, on: channel) }
        _ = try await place.server.redis.command("CONFIG", "SET", "maxmemory", "0")
        #expect(try await place.channels.publish(Array(events[..<2]), on: channel).told == 2)
        #expect(try await place.channels.publish(events, on: channel).told == 4)
        #expect(try await place.channels.recover(channel, from: place.start).numbers == Array(1...6))
    }
}
