import Core
import Live
import RedisLink
import Testing

@testable import Feed

@Suite struct TimelinesTests {
    private let ann = ID(raw: 1)
    private let ben = ID(raw: 2)
    private let author = ID(raw: ID.max.raw - 5)
    private let node = NodeName("node0001")!

    private func event(_ post: Int64, _ operation: NodeEvent.Operation = .created, by author: ID? = nil)
        -> TimelineEvent
    {
        .of(operation, ID(raw: post), by: author ?? self.author)
    }

    private func posts(_ page: PageResult) -> [Int64] {
        guard case .ready(let page) = page else { return [-1] }
        return page.entries.map(\.post.raw)
    }

    @Test func whoHasNoTimelineIsCounted() async throws {
        let server = try await TimelinesServer()
        let timelines = server.timelines(partitions: 4)
        try await timelines.ensureEmpty(ann)
        let counts = try await timelines.deliver(event(10), to: [ann, ben])
        #expect(counts == DeliveryCounts(written: 1, pushed: 0, missing: 1))
        #expect(posts(try await timelines.page(ann, limit: 10)) == [10])
        #expect(try await timelines.page(ben, limit: 10) == .missing)
        #expect(try await timelines.resume(ben, from: LiveCursor(epoch: 0, position: 0)) == .missing)
        #expect(try await timelines.deliver(event(11), to: []) == DeliveryCounts())
    }

    @Test func idsAreExactToTheLast() async throws {
        let server = try await TimelinesServer()
        let timelines = server.timelines()
        let user = ID(raw: ID.max.raw - 1)
        try await timelines.ensureEmpty(user)
        _ = try await timelines.deliver(event(ID.max.raw), to: [user])
        _ = try await timelines.deliver(event(ID.max.raw - 1), to: [user])
        let list = try await timelines.list(user)
        #expect(list.map(\.post.raw) == [ID.max.raw, ID.max.raw - 1, 0])
        #expect(list[0].author == author && list[0].position < list[1].position)
        #expect(posts(try await timelines.page(user, before: .max, limit: 1)) == [ID.max.raw - 1])
    }

    @Test func latePostsFindTheirPlaceAndRepeatsChangeNothing() async throws {
        let server = try await TimelinesServer()
        let timelines = server.timelines()
        try await timelines.ensureEmpty(ann)
        for post: Int64 in [200, 100, 300, 250] + Array(301...400) + [50, 299] {
            #expect(try await timelines.deliver(event(post), to: [ann]).written == 1)
            #expect(try await timelines.deliver(event(post), to: [ann]).written == 0)
        }
        let expected: [Int64] = (301...400).reversed() + [300, 299, 250, 200, 100, 50]
        #expect(posts(try await timelines.page(ann, limit: 1000)) == expected)
    }

    @Test func aDeleteLeavesATombstone() async throws {
        let server = try await TimelinesServer()
        let timelines = server.timelines()
        try await timelines.ensureEmpty(ann)
        for post: Int64 in [1, 2, 3] { _ = try await timelines.deliver(event(post), to: [ann]) }
        #expect(try await timelines.deliver(event(2, .deleted), to: [ann]).written == 1)
        #expect(try await timelines.deliver(event(2, .deleted), to: [ann]).written == 0)
        #expect(try await timelines.deliver(event(2, .updated), to: [ann]).written == 0)
        #expect(try await timelines.deliver(event(2), to: [ann]).written == 0)
        #expect(try await timelines.deliver(event(9, .deleted), to: [ann]).written == 0)
        #expect(try await timelines.deliver(event(1, .updated), to: [ann]).written == 1)
        #expect(posts(try await timelines.page(ann, limit: 10)) == [3, 1])
        #expect(try await timelines.list(ann).map(\.flags) == [[], .tombstone, .edited, .marker])
    }

    @Test func trimmingSaysFromWhereTheListIsComplete() async throws {
        let server = try await TimelinesServer()
        let timelines = server.timelines(cap: 20)
        try await timelines.ensureEmpty(ann)
        for post: Int64 in 101...122 { _ = try await timelines.deliver(event(post), to: [ann]) }
        #expect(try await timelines.list(ann).count == 23)
        let oldest = try await timelines.list(ann)
        _ = try await timelines.deliver(event(123), to: [ann])
        let list = try await timelines.list(ann)
        #expect(list.map(\.post.raw) == (104...123).reversed() + [0])
        #expect(list.last?.completeFrom == ID(raw: 104))
        // 101, 102 and 103 went; the last of them is the greatest position that can't be told any more.
        #expect(list.last?.position == oldest[19].position)
        // A post that comes from below the window can't be told to anybody, so all must read the feed anew.
        let cursor = try await timelines.register([ann], node: NodeName.random())[0].cursor
        for late: Int64 in [103, 100] {
            let counts = try await timelines.deliver(event(late), to: [ann])
            #expect(counts.written == 0 && counts.missing == 1)
        }
        guard case .reset = try await timelines.resume(ann, from: cursor) else { throw RedisError.closed }
    }

    @Test func pagesHaveNoHoleAndEndWhereTheListIsComplete() async throws {
        let server = try await TimelinesServer()
        let timelines = server.timelines()
        try await timelines.ensure(ann) {
            RebuildEntries(
                entries: (1...700).reversed().map { .init(post: ID(raw: $0 * 10), author: author) },
                completeFrom: ID(raw: 10))
        }
        _ = try await timelines.deliver(event(3500, .deleted), to: [ann])
        var seen: [Int64] = []
        var before: ID?
        while true {
            guard case .ready(let page) = try await timelines.page(ann, before: before, limit: 33) else { break }
            seen += page.entries.map(\.post.raw)
            before = page.entries.last?.post
            #expect(page.completeFrom == ID(raw: 10))
            if page.hasEnded { break }
            #expect(page.entries.count == 33)
        }
        let expected: [Int64] = (1...700).reversed().filter { $0 != 350 }.map { $0 * 10 }
        #expect(seen == expected)
        #expect(posts(try await timelines.page(ann, before: ID(raw: 3505), limit: 2)) == [3490, 3480])
        #expect(posts(try await timelines.page(ann, before: ID(raw: 10), limit: 2)) == [])
        try await timelines.backfill(ann, RebuildEntries(entries: [], completeFrom: ID(raw: 6975)))
        #expect(posts(try await timelines.page(ann, limit: 9)) == [7000, 6990, 6980])
    }

    @Test func anEmptyTimelineExists() async throws {
        let server = try await TimelinesServer()
        let timelines = server.timelines()
        try await timelines.ensureEmpty(ann)
        guard case .ready(let page) = try await timelines.page(ann, limit: 5) else { throw RedisError.closed }
        #expect(page.entries.isEmpty && page.hasEnded && page.completeFrom == .zero)
        #expect(try await timelines.resume(ann, from: page.cursor) == .missed([], [], page.cursor))
        let life = try await server.redis.command("TTL", .text(timelines.listKey(ann))).integer!
        #expect((14 * 86_400 - 5...14 * 86_400).contains(life))
    }

    @Test func followAndUnfollow() async throws {
        let server = try await TimelinesServer()
        let timelines = server.timelines()
        try await timelines.ensureEmpty(ann)
        _ = try await timelines.deliver(event(5, by: ben), to: [ann])
        _ = try await timelines.deliver(event(6), to: [ann])
        try await timelines.sever(ann, from: author)
        #expect(try await timelines.deliver(event(7), to: [ann]) == DeliveryCounts())
        #expect(posts(try await timelines.page(ann, limit: 5)) == [5])
        let old = RebuildEntries(
            entries: [7, 6, 3].map { .init(post: ID(raw: $0), author: author) }, completeFrom: .zero)
        try await timelines.backfill(ann, old)
        #expect(posts(try await timelines.page(ann, limit: 5)) == [5])
        try await timelines.join(ann, to: author)
        try await timelines.backfill(ann, old)
        try await timelines.backfill(ann, old)
        #expect(posts(try await timelines.page(ann, limit: 5)) == [7, 6, 5, 3])
        #expect(try await server.redis.command("TTL", .text(timelines.listKey(ann))).integer! > 0)
        // The delivery of a post that came by backfill is told, once.
        #expect(try await timelines.deliver(event(7), to: [ann]).written == 1)
        #expect(try await timelines.deliver(event(7), to: [ann]).written == 0)
        // One's own posts are never refused.
        try await timelines.sever(ann, from: ann)
        #expect(try await timelines.deliver(event(8, by: ann), to: [ann]).written == 1)
    }
}
