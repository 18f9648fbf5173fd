import Core
import Live
import Testing

@testable import Feed

/// Posts that come by a hashtag, as the scripts have it.
@Suite struct TimelinesTagsTests {
    private let ann = ID(raw: 1)
    private let author = ID(raw: 3)

    /// The server ends with its object.
    private func start() async throws -> (TimelinesServer, Timelines) {
        let server = try await TimelinesServer()
        let timelines = server.timelines()
        try await timelines.ensureEmpty(ann)
        return (server, timelines)
    }

    private func deliver(
        _ timelines: Timelines, _ post: Int64, _ operation: NodeEvent.Operation = .created,
        as audience: DeliveryAudience = DeliveryAudience()
    ) async throws -> Int {
        try await timelines.deliver(.of(operation, ID(raw: post), by: author), to: [ann], as: audience).written
    }

    private func posts(_ timelines: Timelines) async throws -> [Int64] {
        guard case .ready(let page) = try await timelines.page(ann, limit: 100) else { return [-1] }
        return page.entries.map(\.post.raw)
    }

    private let byTag = DeliveryAudience(isByTag: true)
    private let quiet = DeliveryAudience(isTold: false, isByTag: true)

    /// Who has unfollowed the author gets them, but not what comes by the author alone.
    @Test func ofAnAuthorWhoWasUnfollowed() async throws {
        let (server, timelines) = try await start()
        defer { withExtendedLifetime(server) {} }
        try await timelines.sever(ann, from: author)
        #expect(try await deliver(timelines, 7) == 0)
        #expect(try await deliver(timelines, 8, as: byTag) == 1)
        #expect(try await posts(timelines) == [8])
        #expect(try await deliver(timelines, 6, as: byTag) == 1)
        try await timelines.sever(ann, from: author)
        #expect(try await posts(timelines) == [])
        try await timelines.join(ann, to: author)
        #expect(try await deliver(timelines, 8) == 1)
        try await timelines.refuse(ann, from: author)
        #expect(try await posts(timelines) == [8])
        #expect(try await deliver(timelines, 10) == 0)
        try await timelines.backfill(
            ann,
            RebuildEntries(
                entries: [
                    .init(post: ID(raw: 9), author: author), .init(post: ID(raw: 8), author: author, isByTag: true),
                    .init(post: ID(raw: 4), author: author, isByTag: true),
                ], completeFrom: .zero))
        #expect(try await posts(timelines) == [8, 4])
    }

    /// Behind a block nobody is told of what was under way; it is kept, and there when the block ends.
    @Test func behindABlock() async throws {
        let (server, timelines) = try await start()
        defer { withExtendedLifetime(server) {} }
        try await timelines.setBarred(true, ann, from: author)
        #expect(try await deliver(timelines, 7, as: byTag) == 0)
        #expect(try await deliver(timelines, 8, as: quiet) == 0)
        #expect(try await deliver(timelines, 9, .updated, as: byTag) == 0)
        #expect(try await deliver(timelines, 8, .updated, as: byTag) == 0)
        #expect(try await posts(timelines) == [9, 8, 7])
        #expect(try await timelines.list(ann).map(\.flags) == [.untold, .untold, .untold, .marker])
        try await timelines.setBarred(false, ann, from: author)
        #expect(try await deliver(timelines, 7, as: byTag) == 1, "who brings it again tells it")
        #expect(try await deliver(timelines, 9, .updated, as: byTag) == 1)
        #expect(try await posts(timelines) == [9, 8, 7])
    }

    /// An edit that gives a post the hashtag brings it, told or not, once; below where the list is complete it is left to the
    /// database.
    @Test func anEditBringsAPost() async throws {
        let (server, timelines) = try await start()
        defer { withExtendedLifetime(server) {} }
        #expect(try await deliver(timelines, 7, .updated) == 0)
        #expect(try await posts(timelines) == [])
        #expect(try await deliver(timelines, 7, .updated, as: byTag) == 1)
        #expect(try await deliver(timelines, 6, .updated, as: quiet) == 0)
        #expect(try await posts(timelines) == [7, 6])
        #expect(try await timelines.list(ann).map(\.flags) == [.edited, .untold, .marker])
        #expect(try await deliver(timelines, 7, .updated, as: byTag) == 1)
        #expect(try await deliver(timelines, 7, .deleted, as: byTag) == 1)
        #expect(try await deliver(timelines, 7, .updated, as: byTag) == 0)
        #expect(try await posts(timelines) == [6])
        try await timelines.evict(ann)
        try await timelines.ensure(ann) { RebuildEntries(entries: [], completeFrom: ID(raw: 5)) }
        let before = try await timelines.list(ann)
        #expect(try await deliver(timelines, 4, .updated, as: byTag) == 0)
        #expect(try await timelines.list(ann) == before)
    }

    @Test func postsAreWithdrawn() async throws {
        let (server, timelines) = try await start()
        defer { withExtendedLifetime(server) {} }
        for post: Int64 in 5...9 { #expect(try await deliver(timelines, post) == 1) }
        #expect(try await deliver(timelines, 8, .deleted) == 1)
        try await timelines.withdraw([ID(raw: 8), ID(raw: 6), ID(raw: 3)], from: ann)
        #expect(try await timelines.list(ann).map(\.post.raw) == [9, 8, 7, 5, 0])
        try await timelines.withdraw([], from: ann)
    }
}
