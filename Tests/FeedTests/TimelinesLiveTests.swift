import Core
import Live
import RedisLink
import Testing

@testable import Feed

@Suite struct TimelinesLiveTests {
    private let ann = ID(raw: 1)
    private let ben = ID(raw: 2)
    private let author = ID(raw: 3)
    private let node = NodeName("node0001")!

    private func event(_ post: Int64, _ operation: NodeEvent.Operation = .created) -> TimelineEvent {
        .of(operation, ID(raw: post), by: author, "{\"é\":1}")
    }

    @Test(arguments: [NodeMessage.Form.operations, .envelopes])
    func oneMessageForAllRecipientsOfANode(_ form: NodeMessage.Form) async throws {
        let server = try await TimelinesServer()
        let inbox = try await TimelinesInbox(server)
        let timelines = server.timelines { form }
        let channel = timelines.channel(partition: 0, node: node)
        try await inbox.open([channel])
        try await timelines.ensureEmpty(ann)
        let before = try await timelines.register([ann, ben], node: node)
        #expect(before.map(\.number) == [0, 0])
        let counts = try await timelines.deliver(event(7), to: [ann, ben])
        #expect(counts == DeliveryCounts(written: 1, pushed: 1, missing: 1))
        let beat = try await timelines.beat(node: node, partitions: [0])[0]
        #expect(beat.subscribers == 1 && beat.state.number == 2 && beat.state.cursor.epoch == before[0].cursor.epoch)
        try await timelines.evict(ann)
        try await inbox.sync()
        let messages = inbox.take(channel)
        #expect(messages.map(\.number) == [1, 2, 3] && inbox.unreadable == 0)
        let content: NodeEvent.Content =
            form == .operations
            ? .operation(.created, post: ID(raw: 7), author: author, payload: Array("r-7\n{\"é\":1}".utf8))
            : .envelope(event(7).envelope)
        let expected = NodeEvent(content, recipients: [ann], missing: [ben])
        #expect(messages[0].body == .event(expected) && messages[0].position > before[0].cursor.position)
        #expect(messages[1].body == .probe && messages[1].position == messages[0].position)
        #expect(messages[2].body == .reset([ann]) && messages[2].position > messages[1].position)
        try await timelines.unregister([ann, ben], node: node)
        #expect(try await timelines.deliver(event(8), to: [ann, ben]).pushed == 0)
        inbox.close()
    }

    /// In their order to each user, and those of a group of users before those of the next.
    @Test func eventsThatAreDeliveredTogether() async throws {
        let server = try await TimelinesServer()
        let inbox = try await TimelinesInbox(server)
        let all = server.timelines { .operations }
        var options = all.options
        options.deliveriesTogether = 6
        let timelines = Timelines(redis: all.redis, partitions: all.partitions, options: options)
        let channel = timelines.channel(partition: 0, node: node)
        try await inbox.open([channel])
        let users = [ann, ben, author]
        for user in users { try await timelines.ensureEmpty(user) }
        _ = try await timelines.register(users, node: node)
        let counts = try await timelines.deliver([event(7), event(8), event(7, .deleted)], to: users)
        #expect(counts == Array(repeating: DeliveryCounts(written: 3, pushed: 3), count: 3))
        // Once more, nothing is new.
        #expect(try await timelines.deliver([event(7), event(8)], to: users).allSatisfy { $0 == DeliveryCounts() })
        try await inbox.sync()
        let told = inbox.take(channel).compactMap { message -> String? in
            guard case .event(let event) = message.body else { return nil }
            return "\(event.post!) to \(event.recipients.map(\.raw))"
        }
        #expect(
            told == ["7 to [1, 2]", "8 to [1, 2]", "7 to [1, 2]", "7 to [3]", "8 to [3]", "7 to [3]"])
        inbox.close()
    }

    @Test func aLostRegistrationLeavesAGap() async throws {
        let server = try await TimelinesServer()
        let inbox = try await TimelinesInbox(server)
        let timelines = server.timelines()
        let channel = timelines.channel(partition: 0, node: node)
        try await inbox.open([channel])
        try await timelines.ensureEmpty(ann)
        let known: Set<LogKey> = [.feed(of: ann)]
        _ = try await timelines.register([ann], node: node)
        for post in 1...3 as ClosedRange<Int64> {
            if post == 2 { try await timelines.unregister([ann], node: node) }
            if post == 3 {
                let state = try await timelines.register([ann], known: known, node: node)[0]
                #expect(state.number == 1 && !state.wasRegistered)
            }
            _ = try await timelines.deliver(event(post), to: [ann])
        }
        #expect(try await timelines.register([ann], known: known, node: node)[0].number == 3)
        try await inbox.sync()
        #expect(inbox.take(channel).map(\.number) == [1, 3])
        inbox.close()
    }

    @Test func aNodeThatDoesNotListenIsForgotten() async throws {
        let server = try await TimelinesServer()
        let inbox = try await TimelinesInbox(server)
        let timelines = server.timelines()
        let other = NodeName("node0002")!
        try await timelines.ensureEmpty(ann)
        _ = try await timelines.register([ann], node: node)
        _ = try await timelines.register([ann], node: other)
        _ = try await timelines.register([ann], node: node)
        try await inbox.open([timelines.channel(partition: 0, node: other)])
        #expect(try await timelines.deliver(event(1), to: [ann]).pushed == 1)
        let nodes = try await server.redis.command("HGET", .text("\(timelines.options.prefix)online:{1.0}"), "1")
        #expect(nodes.text == "node0002")
        #expect(try await timelines.beat(node: node, partitions: [0])[0].subscribers == 0)
        inbox.close()
    }

    /// What an older connection of the node still holds may reach Redis late: it ends no newer registration.
    @Test func aNewerConnectionsRegistrationStays() async throws {
        let server = try await TimelinesServer()
        let inbox = try await TimelinesInbox(server)
        let old = server.timelines()
        let link = try await TimelinesServer.link(server.address)
        try await link.waitUntilConnected(milliseconds: 10_000)
        let new = Timelines(
            redis: link, partitions: old.partitions, options: old.options, scripts: TimelineScripts())
        try await inbox.open([old.channel(partition: 0, node: node)])
        try await old.ensureEmpty(ann)
        _ = try await old.register([ann], node: node)
        let id = try await link.command("CLIENT", "ID").integer!
        _ = try await server.redis.command("CLIENT", "KILL", "ID", .number(id))
        while link.isConnected { await Task.yield() }
        try await link.waitUntilConnected(milliseconds: 10_000)
        _ = try await new.register([ann], node: node)
        await #expect(throws: RedisError.self) { try await old.unregister([ann], node: node) }
        await #expect(throws: RedisError.self) { try await old.register([ben], node: node) }
        #expect(try await old.deliver(event(1), to: [ann]).pushed == 1)
        try await new.unregister([ann], node: node)
        #expect(try await old.deliver(event(2), to: [ann]).pushed == 0)
        inbox.close()
    }

    /// Nothing is left in `disordered` of a list that has gone, however it went.
    @Test func aNoteGoesWithItsList() async throws {
        let server = try await TimelinesServer()
        let timelines = server.timelines()
        let key = RedisArgument.text("\(timelines.options.prefix)disordered:{1.0}")
        let ways: [(String, () async throws -> Void)] = [
            ("a delivery", { _ = try await timelines.deliver(self.event(30), to: [self.ann]) }),
            ("a beat", { _ = try await timelines.beat(node: self.node, partitions: [0]) }),
            ("a resume", { _ = try await timelines.resume(self.ann, from: LiveCursor(epoch: 1, position: 1)) }),
            ("a rebuild", { _ = try await timelines.begin(self.ann, token: "a", patience: 1) }),
            ("an eviction", { try await timelines.evict(self.ann) }),
        ]
        for (name, way) in ways {
            _ = try await server.redis.command("DEL", .text(timelines.listKey(ann)))
            try await timelines.ensureEmpty(ann)
            for post: Int64 in [20, 10] { _ = try await timelines.deliver(event(post), to: [ann]) }
            #expect(try await server.redis.command("HLEN", key).integer == 1)
            _ = try await server.redis.command("DEL", .text(timelines.listKey(ann)))
            try await way()
            #expect(try await server.redis.command("HLEN", key).integer == 0, "\(name)")
        }
    }

    @Test func resumeTellsWhatChanged() async throws {
        let server = try await TimelinesServer()
        let timelines = server.timelines(cap: 20)
        try await timelines.ensureEmpty(ann)
        let start = try await timelines.register([ann], node: node)[0].cursor
        for post: Int64 in [10, 20, 15, 30] { _ = try await timelines.deliver(event(post), to: [ann]) }
        guard case .missed(let first, _, let middle) = try await timelines.resume(ann, from: start) else {
            throw RedisError.closed
        }
        #expect(first.map(\.post.raw) == [10, 20, 15, 30])
        _ = try await timelines.deliver(event(10, .deleted), to: [ann])
        guard case .missed(let second, _, let end) = try await timelines.resume(ann, from: middle) else {
            throw RedisError.closed
        }
        #expect(second.map(\.post.raw) == [10] && second[0].isTombstone)
        #expect(try await timelines.resume(ann, from: end) == .missed([], [], end))
        let stranger = LiveCursor(epoch: end.epoch &+ 1, position: end.position)
        #expect(try await timelines.resume(ann, from: stranger) == .reset(end))
        let future = LiveCursor(epoch: end.epoch, position: end.position + 1)
        #expect(try await timelines.resume(ann, from: future) == .reset(end))
        for post: Int64 in 31...60 { _ = try await timelines.deliver(event(post), to: [ann]) }
        guard case .reset = try await timelines.resume(ann, from: middle) else { throw RedisError.closed }
        try await timelines.evict(ann)
        #expect(try await timelines.resume(ann, from: middle) == .missing)
        #expect(try await timelines.begin(ann, token: "a", patience: 10_000) == .begun)
        #expect(try await timelines.resume(ann, from: middle) == .building)
        #expect(try await timelines.page(ann, limit: 1) == .building)
    }

    @Test func formsOnTheLoop() async throws {
        let server = try await TimelinesServer()
        let timelines = server.timelines(partitions: 2)
        try await timelines.ensureEmpty(ann, ben)
        let (ann, ben, node) = (ann, ben, node)
        let states = await withCheckedContinuation { continuation in
            timelines.redis.loop.post {
                timelines.registerOnLoop([ann, ben], node: node) { continuation.resume(returning: $0) }
            }
        }
        let cursors = try states.get().map(\.cursor)
        _ = try await timelines.deliver(event(4), to: [ann, ben])
        for (user, cursor) in [(ann, cursors[0]), (ben, cursors[1])] {
            guard case .missed(let entries, _, _) = try await timelines.resume(user, from: cursor) else {
                throw RedisError.closed
            }
            #expect(entries.map(\.post.raw) == [4])
        }
        let beats = await withCheckedContinuation { continuation in
            timelines.redis.loop.post {
                timelines.unregisterOnLoop([ann, ben], node: node) { _ in }
                timelines.beatOnLoop(node: node, partitions: [0, 1]) { continuation.resume(returning: $0) }
            }
        }
        #expect(try beats.get().map(\.subscribers) == [0, 0])
        try await timelines.touch([ann, ben])
    }
}
