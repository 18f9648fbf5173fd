import Core
import Live
import RedisLink
import Testing

@testable import Feed

@Suite struct ChannelsTests {
    private let channel = ChannelName("post:7")!
    private let other = ChannelName("tag:한글")!
    private let node = NodeName("node0001")!

    private func start(
        _ change: (inout Channels.Options) -> Void = { _ in }
    ) async throws -> (TimelinesServer, TimelinesInbox, Channels) {
        let server = try await TimelinesServer()
        let inbox = try await TimelinesInbox(server)
        var options = Channels.Options()
        change(&options)
        let channels = Channels(server.timelines(), options: options)
        try await inbox.open([channels.timelines.channel(partition: 0, node: node)])
        return (server, inbox, channels)
    }

    private func heard(_ inbox: TimelinesInbox, _ channels: Channels) async throws -> [NodeMessage] {
        try await inbox.sync()
        #expect(inbox.unreadable == 0)
        return inbox.take(channels.timelines.channel(partition: 0, node: node))
    }

    @Test func eventsReachTheNodeInOrder() async throws {
        let (_, inbox, channels) = try await start()
        let before = try await channels.register([channel, other], node: node)
        #expect(before[0].partition.cursor.position == before[0].newest)
        #expect(before.map(\.wasRegistered) == [false, false] && before.map(\.partition.number) == [0, 0])
        let events = (1...3).map { TestSource.event($0) }
        let counts = try await channels.publish([channel: events, other: [events[2]]], from: TestSource.name)
        #expect(counts == ChannelCounts(told: 4, repeated: 0, messages: 4))
        let messages = try await heard(inbox, channels)
        #expect(messages.map(\.number) == [1, 2, 3, 4])
        #expect(messages.allSatisfy { $0.epoch == before[0].partition.cursor.epoch })
        #expect(zip(messages, messages.dropFirst()).allSatisfy { $0.position < $1.position })
        let ours = messages.filter {
            if case .channel(.event(let name, _)) = $0.body { name == channel } else { false }
        }
        #expect(ours.map(\.body) == events.map { .channel(.event(channel, $0.envelope)) })
        // Users' messages and channels' are in one row of numbers.
        #expect(try await channels.timelines.beat(node: node, partitions: [0])[0].state.number == 5)
        inbox.close()
    }

    /// A registration is lost with what was told meanwhile, and the reply to the next one, too. What comes first behind that
    /// shows it before it is told.
    @Test func aLostRegistrationLeavesAGap() async throws {
        let (server, inbox, channels) = try await start()
        let key = LogKey.channel(channel)
        var tracker = PartitionTracker()
        #expect(tracker.subscribed().isEmpty)
        tracker.add(key)
        #expect(tracker.known(among: [key]).isEmpty)
        let first = try await channels.register([channel], node: node)[0].partition
        tracker.note(key, number: first.number, epoch: first.cursor.epoch)
        _ = try await channels.publish([TestSource.event(1)], on: channel)
        _ = try await server.redis.command("HDEL", .text(channels.heardKey(channel)), .text("\(channel)"))
        _ = try await channels.publish([TestSource.event(2)], on: channel)
        let known = tracker.known(among: [key])
        #expect(known == [key])
        _ = try await channels.register([channel], known: known, node: node)
        _ = try await channels.publish([TestSource.event(3)], on: channel)
        let messages = try await heard(inbox, channels)
        #expect(messages.map(\.number) == [1, 3])
        let actions = messages.map { tracker.heard(number: $0.number, epoch: $0.epoch) }
        #expect(actions == [[], [.miss([key]), .register([key])]])
        // One that is there leaves none.
        _ = try await channels.register([channel], known: known, node: node)
        _ = try await channels.publish([TestSource.event(4)], on: channel)
        #expect(try await heard(inbox, channels).map(\.number) == [4])
        inbox.close()
    }

    @Test func whereNobodyIsNothingIsDone() async throws {
        let (server, inbox, channels) = try await start()
        _ = try await channels.register([channel], node: node)
        let keys = try await server.redis.command("DBSIZE").integer
        #expect(try await channels.known([channel, other]) == [channel])
        #expect(try await channels.publish([TestSource.event(1)], on: other) == ChannelCounts())
        #expect(try await !channels.publish(state: TestSource.envelope(1, "e"), version: 1, on: other))
        try await channels.recheck([other])
        try await channels.recheck(channelsOf: [ID(raw: 5)])
        #expect(try await server.redis.command("DBSIZE").integer == keys)
        #expect(try await heard(inbox, channels).isEmpty)
        inbox.close()
    }

    /// Who left a moment ago finds what happened meanwhile, and nobody is told.
    @Test func aLogOutlivesItsSubscribers() async throws {
        let (server, inbox, channels) = try await start()
        let cursor = try await channels.register([channel], node: node)[0].partition.cursor
        try await channels.unregister([channel], node: node)
        #expect(try await channels.known([channel]) == [channel])
        #expect(try await channels.publish([TestSource.event(1)], on: channel) == ChannelCounts(told: 1))
        #expect(try await channels.recover(channel, from: cursor).numbers == [1])
        #expect(try await heard(inbox, channels).isEmpty)
        let life = try await server.redis.command("TTL", .text(channels.key("o", channel))).integer ?? -1
        #expect((590...600).contains(life))
        inbox.close()
    }

    @Test func recoveryTellsWhatCameAfter() async throws {
        let (_, inbox, channels) = try await start()
        let start = try await channels.register([channel], node: node)[0].partition.cursor
        _ = try await channels.publish((1...30).map { TestSource.event($0) }, on: channel)
        let all = try await channels.recover(channel, from: start)
        #expect(all.numbers == Array(1...30))
        let events = try #require(all.missed)
        for held in [0, 1, 3, 4, 5, 20, 28, 29] {
            let cursor = LiveCursor(epoch: start.epoch, position: events[held].position)
            let rest = try await channels.recover(channel, from: cursor)
            #expect(rest.numbers == Array(Int64(held) + 2..<31) && rest.cursor == all.cursor)
        }
        let registered = try await channels.register([channel], node: node)[0]
        #expect(registered.wasRegistered && registered.newest == events[29].position)
        #expect(events[0].publication.type == "test.event" && events[0].publication.position == events[0].position)
        let strangers = [
            nil, LiveCursor(epoch: start.epoch &+ 1, position: start.position),
            LiveCursor(epoch: start.epoch, position: all.cursor.position + 1),
            LiveCursor(epoch: start.epoch, position: start.position - 1),
        ]
        for cursor in strangers {
            let reset = try await channels.recover(channel, from: cursor)
            #expect(reset.missed == nil && reset.cursor == all.cursor)
        }
        inbox.close()
    }

    /// What a log can't tell any more it does not pretend to tell.
    @Test func theHorizonFollowsWhatIsCut() async throws {
        let (server, inbox, channels) = try await start { $0.events = 5 }
        let start = try await channels.register([channel], node: node)[0].partition.cursor
        for offset in 1...5 { _ = try await channels.publish([TestSource.event(Int64(offset))], on: channel) }
        let events = try #require(try await channels.recover(channel, from: start).missed)
        _ = try await channels.publish((6...7).map { TestSource.event($0) }, on: channel)
        let first = LiveCursor(epoch: start.epoch, position: events[0].position)
        let second = LiveCursor(epoch: start.epoch, position: events[1].position)
        #expect(try await channels.recover(channel, from: start).missed == nil)
        #expect(try await channels.recover(channel, from: first).missed == nil)
        #expect(try await channels.recover(channel, from: second).numbers == [3, 4, 5, 6, 7])
        #expect(try await server.redis.command("LLEN", .text(channels.key("o", channel))).integer == 6)
        // All at once.
        _ = try await channels.publish((8...40).map { TestSource.event($0) }, on: channel)
        #expect(try await channels.recover(channel, from: second).missed == nil)
        let newest = try await channels.register([channel], node: node)[0].newest
        let end = try await channels.recover(channel, from: LiveCursor(epoch: start.epoch, position: newest))
        #expect(end.numbers == [])
        inbox.close()
    }

    @Test func aLogIsBoundedInBytes() async throws {
        let (server, inbox, channels) = try await start { $0.bytes = 10_000 }
        let start = try await channels.register([channel], node: node)[0].partition.cursor
        let long = String(repeating: "x", count: 3000)
        _ = try await channels.publish((1...2).map { TestSource.event($0, long) }, on: channel)
        let held = try #require(try await channels.recover(channel, from: start).missed)[1].position
        _ = try await channels.publish((3...4).map { TestSource.event($0, long) }, on: channel)
        #expect(try await channels.recover(channel, from: start).missed == nil)
        let cursor = LiveCursor(epoch: start.epoch, position: held)
        #expect(try await channels.recover(channel, from: cursor).numbers == [3, 4])
        // One that is larger than all of it goes to who is there, and into no log.
        let huge = String(repeating: "x", count: 20_000)
        let counts = try await channels.publish([TestSource.event(5, huge)], on: channel)
        #expect(counts == ChannelCounts(told: 1, repeated: 0, messages: 1))
        #expect(try await channels.recover(channel, from: cursor).missed == nil)
        #expect(try await server.redis.command("LLEN", .text(channels.key("o", channel))).integer == 1)
        #expect(try await server.redis.command("TTL", .text(channels.key("o", channel))).integer ?? -1 > 0)
        _ = try await channels.publish([TestSource.event(6)], on: channel)
        let latest = try await channels.register([channel], node: node)[0].newest
        #expect(try await channels.recover(channel, from: cursor).missed == nil)
        let end = LiveCursor(epoch: start.epoch, position: latest)
        #expect(try await channels.recover(channel, from: end).numbers == [])
        inbox.close()
    }

    @Test func aLogThatHasGoneResets() async throws {
        let (server, inbox, channels) = try await start()
        let start = try await channels.register([channel], node: node)[0].partition.cursor
        _ = try await channels.publish([TestSource.event(1)], on: channel)
        _ = try await server.redis.command("DEL", .text(channels.key("o", channel)))
        #expect(try await channels.recover(channel, from: start).missed == nil)
        // Who is live goes on, and the log with him.
        #expect(try await channels.publish([TestSource.event(2)], on: channel).messages == 1)
        #expect(try await heard(inbox, channels).count == 2)
        #expect(try await channels.recover(channel, from: start).missed == nil)
        let newest = try await channels.register([channel], node: node)[0].newest
        _ = try await channels.publish([TestSource.event(3)], on: channel)
        let cursor = LiveCursor(epoch: start.epoch, position: newest)
        #expect(try await channels.recover(channel, from: cursor).numbers == [3])
        inbox.close()
    }

    /// What happened while nobody was there moves no clock.
    @Test func whoComesBackToAnotherLogIsReset() async throws {
        let (server, inbox, channels) = try await start()
        let held = try await channels.register([channel], node: node)[0].partition.cursor
        try await channels.unregister([channel], node: node)
        _ = try await server.redis.command("DEL", .text(channels.key("o", channel)))
        #expect(try await channels.publish([TestSource.event(1)], on: channel) == ChannelCounts())
        _ = try await channels.register([channel], node: node)
        #expect(try await channels.recover(channel, from: held).missed == nil)
        inbox.close()
    }

    @Test func anotherEpochResets() async throws {
        let (server, inbox, channels) = try await start()
        let before = try await channels.register([channel], node: node)[0].partition.cursor
        _ = try await server.redis.command("FLUSHALL")
        let after = try await channels.register([channel], node: node)[0]
        #expect(after.partition.cursor.epoch != before.epoch && !after.wasRegistered)
        #expect(try await channels.recover(channel, from: before).missed == nil)
        _ = try await channels.publish([TestSource.event(1)], on: channel)
        #expect(try await channels.recover(channel, from: before).missed == nil)
        #expect(try await channels.recover(channel, from: after.partition.cursor).numbers == [1])
        inbox.close()
    }

    /// A log that nobody speaks for goes by itself, and so does what is left of its node.
    @Test func whatNobodyHoldsExpires() async throws {
        let (server, inbox, channels) = try await start { $0.life = 1 }
        _ = try await channels.register([channel], node: node)
        let key = RedisArgument.text(channels.key("o", channel))
        while try await server.redis.command("EXISTS", key).integer == 1 { await Task.yield() }
        #expect(try await channels.known([channel]) == [channel])
        let long = Channels(channels.timelines)
        while try await channels.known([channel]) == [channel] { _ = try await channels.register([other], node: node) }
        _ = try await long.register([channel], node: node)
        for _ in 0..<50 { _ = try await long.register([other], node: node) }
        #expect(try await long.known([channel]) == [channel])
        inbox.close()
    }

    @Test func aNodeThatDoesNotListenIsForgotten() async throws {
        let (server, inbox, channels) = try await start()
        let deaf = NodeName("node0002")!
        for name in [deaf, node] { _ = try await channels.register([channel], node: name) }
        #expect(try await channels.publish([TestSource.event(1)], on: channel).messages == 1)
        let entry = try await server.redis.command("HGET", .text(channels.heardKey(channel)), .text("\(channel)"))
        #expect(String(decoding: entry.bytes?.dropFirst(7) ?? [], as: UTF8.self) == "node0001")
        #expect(try await !channels.register([channel], node: deaf)[0].wasRegistered)
        try await channels.unregister([channel], node: node)
        try await channels.unregister([channel], node: deaf)
        #expect(try await server.redis.command("EXISTS", .text(channels.heardKey(channel))).integer == 0)
        inbox.close()
    }

    /// What an older connection of the node still holds ends no newer registration.
    @Test func aNewerConnectionsRegistrationStays() async throws {
        let (server, inbox, old) = try await start()
        let link = try await TimelinesServer.link(server.address)
        try await link.waitUntilConnected(milliseconds: 10_000)
        let new = Channels(
            Timelines(
                redis: link, partitions: old.timelines.partitions, options: old.timelines.options,
                scripts: TimelineScripts()))
        let id = try await link.command("CLIENT", "ID").integer!
        _ = try await server.redis.command("CLIENT", "KILL", "ID", .number(id))
        while link.isConnected { await Task.yield() }
        try await link.waitUntilConnected(milliseconds: 10_000)
        _ = try await new.register([channel], node: node)
        await #expect(throws: RedisError.self) { try await old.unregister([channel], node: node) }
        await #expect(throws: RedisError.self) { try await old.register([channel], node: node) }
        #expect(try await old.publish([TestSource.event(1)], on: channel).messages == 1)
        try await new.unregister([channel], node: node)
        #expect(try await old.publish([TestSource.event(2)], on: channel).messages == 0)
        inbox.close()
    }

    @Test func whoMaySubscribeIsAskedAgain() async throws {
        let (_, inbox, channels) = try await start()
        let user = ID(raw: 5)
        _ = try await channels.register([channel], node: node)
        _ = try await channels.timelines.register([user], node: node)
        _ = try await channels.publish([TestSource.event(1)], on: channel)
        try await channels.recheck([channel])
        try await channels.recheck(channelsOf: [user])
        let messages = try await heard(inbox, channels)
        #expect(messages.map(\.number) == [1, 2, 3])
        #expect(messages[1].body == .channel(.recheck(channel)))
        #expect(messages[2].body == .channel(.recheckUsers([user])))
        #expect(zip(messages, messages.dropFirst()).allSatisfy { $0.position < $1.position })
        inbox.close()
    }
}
