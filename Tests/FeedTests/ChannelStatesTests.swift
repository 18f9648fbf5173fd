import Core
import Live
import RedisLink
import Testing

@testable import Feed

@Suite struct ChannelStatesTests {
    private let channel = ChannelName("poll:7")!
    private let node = NodeName("node0001")!

    private func state(_ number: Int64) -> Envelope { TestSource.envelope(number, "e-\(number)") }

    @Test func theNewestWins() async throws {
        let server = try await TimelinesServer()
        let inbox = try await TimelinesInbox(server)
        let channels = Channels(server.timelines())
        let node = node
        try await inbox.open([channels.timelines.channel(partition: 0, node: node)])
        let start = try await channels.register([channel], node: node)[0].partition.cursor
        #expect(try await channels.recover(channel, from: start).state == nil)
        var told: [Bool] = []
        for version: Int64 in [3, 1, 3, 7, 4, 8] {
            told.append(try await channels.publish(state: state(version), version: version, on: channel))
        }
        #expect(told == [true, false, false, true, false, true])
        try await inbox.sync()
        let messages = inbox.take(channels.timelines.channel(partition: 0, node: node))
        #expect(
            messages.map(\.body)
                == [3, 7, 8].map { .channel(.state(channel, version: $0, state($0))) })
        #expect(messages.map(\.number) == [1, 2, 3] && inbox.unreadable == 0)
        // Whoever comes gets it, with or without a position.
        for cursor in [nil, start] {
            let recovery = try await channels.recover(channel, from: cursor)
            #expect(
                recovery.state == ChannelState(version: 8, position: messages[2].position, state(8)))
            #expect(recovery.missed == (cursor == nil ? nil : []))
        }
        inbox.close()
    }

    @Test func aStateLivesAsLongAsTheLog() async throws {
        let server = try await TimelinesServer()
        var options = Channels.Options()
        options.life = 1
        let short = Channels(server.timelines(), options: options)
        _ = try await short.register([channel], node: node)
        #expect(try await short.publish(state: state(1), version: 1, on: channel))
        try await short.unregister([channel], node: node)
        // Somebody may come back.
        #expect(try await short.publish(state: state(2), version: 2, on: channel))
        while try await short.recover(channel, from: nil).state != nil { await Task.yield() }
        while try await short.known([channel]) == [channel] { await Task.yield() }
        #expect(try await !short.publish(state: state(3), version: 3, on: channel))
        #expect(try await short.recover(channel, from: nil).state == nil)
    }

    /// What a later version keeps is passed over, and stops nobody.
    @Test func otherFormsArePassedOver() async throws {
        let server = try await TimelinesServer()
        let channels = Channels(server.timelines())
        let start = try await channels.register([channel], node: node)[0].partition.cursor
        _ = try await channels.publish([TestSource.event(1)], on: channel)
        let position = try await channels.recover(channel, from: start).cursor.position
        var writer = ByteWriter()
        writer.append(bigEndian: UInt64(position), width: 7)
        writer.append([2, 1, 2, 3])
        _ = try await server.redis.command("RPUSH", .text(channels.key("o", channel)), .bytes(writer.bytes))
        _ = try await server.redis.command(
            "SET", .text(channels.key("s", channel)), .bytes([0, 0, 0, 0, 0, 0, 9] + writer.bytes))
        let recovery = try await channels.recover(channel, from: start)
        #expect(recovery.numbers == [1] && recovery.state == nil)
        #expect(try await !channels.publish(state: state(8), version: 8, on: channel))
        #expect(try await channels.publish(state: state(10), version: 10, on: channel))
    }
}
