import Core
import Live
import RedisLink
import Testing

@testable import Feed

/// What happens to a feed beside its posts, and posts of which nobody is told.
@Suite struct TimelinesChangesTests {
    private let ann = ID(raw: 1)
    private let author = ID(raw: 3)
    private let node = NodeName("node0001")!
    private let change = FeedChange(.mute, of: ID(raw: 9))

    private func start(
        changes: Int = 50
    ) async throws -> (TimelinesInbox, Timelines, LiveCursor) {
        let server = try await TimelinesServer()
        let inbox = try await TimelinesInbox(server)
        let timelines = server.timelines(changes: changes)
        try await inbox.open([timelines.channel(partition: 0, node: node)])
        try await timelines.ensureEmpty(ann)
        return (inbox, timelines, try await timelines.register([ann], node: node)[0].cursor)
    }

    private func event(_ post: Int64, _ operation: NodeEvent.Operation = .created) -> TimelineEvent {
        .of(operation, ID(raw: post), by: author, "{\"é\":1}")
    }

    private func note(_ timelines: Timelines, _ change: FeedChange, since: Int64 = .max / 1024, isLate: Bool = false)
        async throws
    {
        let envelope = Envelope(
            FeedChange.Kind.changed.kind, eventID: uuidV7(clock: SystemClock()), TraceContext(requestID: "r-1"),
            payload: change.json())
        try await timelines.note(change, in: [ann], envelope, since: since, late: isLate ? since : nil)
    }

    private func missed(_ timelines: Timelines, from cursor: LiveCursor) async throws -> [String]? {
        guard case .missed(let entries, let changes, _) = try await timelines.resume(ann, from: cursor) else {
            return nil
        }
        let all =
            entries.map { ($0.position, "post \($0.post)") }
            + changes.map { ($0.position, "\($0.change.reason.name) \($0.change.subject)") }
        return all.sorted { $0.0 < $1.0 }.map(\.1)
    }

    @Test func isToldAndResumed() async throws {
        let (inbox, timelines, start) = try await start()
        _ = try await timelines.deliver(event(7), to: [ann])
        try await note(timelines, change)
        _ = try await timelines.deliver(event(8), to: [ann])
        try await inbox.sync()
        let messages = inbox.take(timelines.channel(partition: 0, node: node))
        #expect(messages.map(\.number) == [1, 2, 3] && inbox.unreadable == 0)
        guard case .event(let told) = messages[1].body else { return #expect(Bool(false)) }
        #expect(told.recipients == [ann] && told.missing.isEmpty && told.kind.name == "feed.changed")
        #expect(String(decoding: told.json, as: UTF8.self) == #"{"type":"feed.changed","reason":"mute","user_id":"9"}"#)
        #expect(zip(messages, messages.dropFirst()).allSatisfy { $0.position < $1.position })
        #expect(try await missed(timelines, from: start) == ["post 7", "mute 9", "post 8"])
        let middle = LiveCursor(epoch: start.epoch, position: messages[1].position)
        #expect(try await missed(timelines, from: middle) == ["post 8"])
        inbox.close()
    }

    /// An audit knows of it: who was not told is found.
    @Test func isAudited() async throws {
        let (inbox, timelines, start) = try await start()
        try await note(timelines, change)
        try await inbox.sync()
        let position = inbox.take(timelines.channel(partition: 0, node: node))[0].position
        #expect(try await timelines.audit([(ann, start)], node: node)[0].newest == position)
        inbox.close()
    }

    /// A client from before what is kept reads anew.
    @Test func asManyAsAreKept() async throws {
        let (inbox, timelines, start) = try await start(changes: 2)
        for user in 1...3 { try await note(timelines, FeedChange(.follow, of: ID(raw: Int64(user)))) }
        try await inbox.sync()
        let messages = inbox.take(timelines.channel(partition: 0, node: node))
        #expect(try await missed(timelines, from: start) == nil)
        let first = LiveCursor(epoch: start.epoch, position: messages[0].position)
        #expect(try await missed(timelines, from: first) == ["follow 2", "follow 3"])
        inbox.close()
    }

    /// Of the process and the log one tells, whoever is first; what was undone and done again is told again.
    @Test func onceMore() async throws {
        let (inbox, timelines, start) = try await start()
        let user = change.subject
        let (mute, block, follow) = (change, FeedChange(.block, of: user), FeedChange(.follow, of: user))
        let before = try await timelines.register([ann], node: node)[0].cursor.position + 1
        for (change, isLate) in [
            (mute, false), (mute, true), (block, false), (follow, true), (mute, false), (follow, true),
            (FeedChange(.accept, of: user), true), (follow, false), (FeedChange(.mute, of: author), true),
        ] {
            try await note(timelines, change, since: before, isLate: isLate)
        }
        #expect(try await missed(timelines, from: start) == ["mute 9", "follow 9", "mute 9", "follow 9", "mute 3"])
        let now = try await timelines.register([ann], node: node)[0].cursor.position
        try await note(timelines, follow, since: now + 1, isLate: true)
        #expect(try await missed(timelines, from: start)?.count == 6)
        // The timeline was made since.
        try await note(timelines, FeedChange(.mute, of: ann), since: 0, isLate: true)
        #expect(try await missed(timelines, from: start)?.count == 6)
        inbox.close()
    }

    /// Who has no timeline is reset anyway.
    @Test func whereNobodyWaitsForIt() async throws {
        let (inbox, timelines, start) = try await start()
        try await timelines.evict(ann)
        try await note(timelines, change)
        try await inbox.sync()
        #expect(inbox.take(timelines.channel(partition: 0, node: node)).map(\.body) == [.reset([ann])])
        #expect(try await timelines.resume(ann, from: start) == .missing)
        inbox.close()
    }

    // MARK: Posts of which nobody is told

    @Test func aPostOfSomebodyMuted() async throws {
        let (inbox, timelines, start) = try await start()
        _ = try await timelines.deliver(event(7), to: [ann])
        for _ in 0..<2 {
            let counts = try await timelines.deliver(event(8), to: [ann], as: DeliveryAudience(isTold: false))
            #expect(counts == DeliveryCounts())
        }
        _ = try await timelines.deliver(event(7, .updated), to: [ann], as: DeliveryAudience(isTold: false))
        _ = try await timelines.deliver(event(9), to: [ann])
        try await inbox.sync()
        #expect(inbox.take(timelines.channel(partition: 0, node: node)).count == 2)
        guard case .ready(let page) = try await timelines.page(ann, before: nil, limit: 10) else {
            return #expect(Bool(false))
        }
        #expect(page.entries.map(\.post.raw) == [9, 8, 7])
        #expect(try await missed(timelines, from: start) == ["post 7", "post 9"])
        let newest = page.entries[0].position
        #expect(try await timelines.audit([(ann, start)], node: node)[0].newest == newest)
        // A delivery that comes again when the mute has ended is told.
        #expect(try await timelines.deliver(event(8), to: [ann]).written == 1)
        #expect(try await missed(timelines, from: start) == ["post 7", "post 9", "post 8"])
        inbox.close()
    }

    /// Where there is no timeline, or one whose window ends above the post, nobody is reset for what he is not to be told.
    @Test func isNoReasonToReset() async throws {
        let (inbox, timelines, _) = try await start()
        try await timelines.evict(ann)
        try await inbox.sync()
        _ = inbox.take(timelines.channel(partition: 0, node: node))
        #expect(try await timelines.deliver(event(8), to: [ann], as: DeliveryAudience(isTold: false)).missing == 0)
        try await inbox.sync()
        #expect(inbox.take(timelines.channel(partition: 0, node: node)).isEmpty)
        inbox.close()
    }
}
