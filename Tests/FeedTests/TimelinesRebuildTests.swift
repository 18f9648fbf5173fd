import Core
import RedisLink
import Testing

@testable import Feed

@Suite struct TimelinesRebuildTests {
    private let ann = ID(raw: 1)
    private let author = ID(raw: 3)

    private func entries(_ posts: [Int64], from: Int64 = 0) -> RebuildEntries {
        RebuildEntries(entries: posts.map { .init(post: ID(raw: $0), author: author) }, completeFrom: ID(raw: from))
    }

    private func deliver(_ post: Int64, _ timelines: Timelines, _ operation: NodeEvent.Operation = .created)
        async throws
    {
        _ = try await timelines.deliver(
            .of(operation, ID(raw: post), by: author), to: [ann])
    }

    @Test func oneOfManyReadsTheDatabase() async throws {
        let server = try await TimelinesServer()
        let timelines = server.timelines()
        let reads = Counter()
        let rebuilt = try await withThrowingTaskGroup(of: Bool.self) { group in
            for _ in 0..<20 {
                group.addTask {
                    try await timelines.ensure(ann) {
                        reads.add()
                        return entries([5, 4])
                    }
                }
            }
            return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(rebuilt == 1 && reads.count == 1)
    }

    @Test func whatArrivesMeanwhileIsMerged() async throws {
        let server = try await TimelinesServer()
        let timelines = server.timelines(cap: 5)
        try await timelines.ensure(ann) {
            for post: Int64 in [50, 20, 70] { try await deliver(post, timelines) }
            try await deliver(40, timelines, .deleted)
            try await deliver(50, timelines, .deleted)
            return entries([60, 50, 40, 30, 20, 10])
        }
        let list = try await timelines.list(ann)
        #expect(list.map(\.post.raw) == [70, 60, 50, 40, 30, 0])
        #expect(list.map(\.flags) == [[], [], .tombstone, .tombstone, [], .marker])
        #expect(list.last?.completeFrom == ID(raw: 30))
        #expect(list.dropLast().allSatisfy { $0.position < list.last!.position })
    }

    @Test func aFailedReadLetsTheNextBuilderOn() async throws {
        let server = try await TimelinesServer()
        let timelines = server.timelines()
        struct Broken: Error {}
        let start = monotonicNanoseconds()
        await #expect(throws: Broken.self) { try await timelines.ensure(ann) { throw Broken() } }
        #expect(try await timelines.ensure(ann) { entries([1]) })
        #expect(monotonicNanoseconds() - start < 1_000_000_000)
    }

    @Test func aDeadBuilderIsOvertakenAndCannotComeBack() async throws {
        let server = try await TimelinesServer()
        let timelines = server.timelines()
        #expect(try await timelines.begin(ann, token: "old", patience: 10_000) == .begun)
        #expect(try await timelines.begin(ann, token: "new", patience: 10_000) == .busy)
        #expect(try await timelines.begin(ann, token: "new", patience: 0) == .begun)
        #expect(try await timelines.merge(ann, token: "old", entries([1])) == .overtaken)
        #expect(try await timelines.merge(ann, token: "new", entries([2])) == .merged)
        #expect(try await timelines.merge(ann, token: "new", entries([3])) == .overtaken)
        #expect(try await timelines.begin(ann, token: "late", patience: 0) == .ready)
        #expect(try await timelines.list(ann).map(\.post.raw) == [2, 0])
        try await timelines.evict(ann)
        #expect(try await timelines.merge(ann, token: "new", entries([3])) == .missing)
    }

    @Test func anEvictionMeanwhileStartsAnew() async throws {
        let server = try await TimelinesServer()
        let timelines = server.timelines()
        let reads = Counter()
        try await timelines.ensure(ann) {
            reads.add()
            if reads.count == 1 { try await timelines.evict(ann) }
            return entries(reads.count == 1 ? [1] : [2, 1])
        }
        #expect(try await timelines.list(ann).map(\.post.raw) == [2, 1, 0])
    }

    @Test func backfillDuringABuild() async throws {
        let server = try await TimelinesServer()
        let timelines = server.timelines()
        try await timelines.ensure(ann) {
            try await timelines.backfill(ann, entries([9, 8], from: 8))
            return entries([7, 6])
        }
        guard case .ready(let page) = try await timelines.page(ann, limit: 9) else { throw RedisError.closed }
        #expect(page.entries.map(\.post.raw) == [9, 8] && page.completeFrom == ID(raw: 8))
        // What is below is told all the same when it ends.
        try await deliver(6, timelines, .deleted)
        guard case .missed(let entries, _, _) = try await timelines.resume(ann, from: page.cursor) else {
            throw RedisError.closed
        }
        let told = entries.filter { $0.position > page.cursor.position }
        #expect(told.map(\.post.raw) == [6] && told[0].isTombstone)
    }
}
