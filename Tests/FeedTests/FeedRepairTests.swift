import Core
import RedisLink
import Store
import TestSite
import Testing

@testable import Feed

/// The steps of `Repair` in a real PostgreSQL and Redis.
@Suite(.site, .serialized) struct FeedRepairTests {
    private let database: Database
    private let server: TimelinesServer
    private let timelines: Timelines
    private let repair: FeedRepair
    /// Milliseconds since 1970, long after the follows.
    private let now = ID.originMilliseconds + 1_000_000

    init() async throws {
        database = TestSite.current.database
        try await database.query("TRUNCATE users, feed_items, feed_metadata CASCADE")
        server = try await TimelinesServer()
        timelines = server.timelines()
        repair = FeedRepair(database: database, timelines: timelines)
        for user in 1...5 { try await addUser(Int64(user)) }
    }

    private func addUser(_ id: Int64) async throws {
        try await database.query(
            "INSERT INTO users (id, handle, display_name, password_hash) VALUES (\(id), \("u\(id)"), 'U', '')")
    }

    private func post(_ id: Int64, by author: Int64) async throws {
        try await database.query(
            "INSERT INTO posts (id, author_id, text) VALUES (\(id), \(author), 'x')")
    }

    private func follow(_ follower: Int64, _ followee: Int64, id: Int64) async throws {
        try await database.query(
            "INSERT INTO follows (followee, bucket, follower, id) VALUES (\(followee), \(Bucket.of(ID(raw: follower))), \(follower), \(id))"
        )
    }

    private func unfollow(_ follower: Int64, _ followee: Int64) async throws {
        try await database.query(
            "DELETE FROM follows WHERE follower = \(follower) AND followee = \(followee)")
    }

    private func stored(of user: Int64) async throws -> [Int64] {
        try await database.query(
            "SELECT post_id FROM feed_items WHERE user_id = \(user) ORDER BY post_id"
        ).map { try $0.integer("post_id") }
    }

    private func unfinished() async throws -> [Int64] {
        try await database.query("SELECT id FROM follows WHERE NOT backfilled ORDER BY id").map { try $0.integer("id") }
    }

    @Test func aFollowAndItsEnd() async throws {
        let (user, author) = (ID(raw: 1), ID(raw: 2))
        try await timelines.ensureEmpty(user)
        for id: Int64 in [10, 20] { try await post(id, by: 2) }
        try await follow(1, 2, id: 7)
        try await repair.followed(follower: user, followee: author)
        #expect(try await stored(of: 1) == [10, 20])
        #expect(try await timelines.list(user).map(\.post.raw) == [20, 10, 0])
        #expect(try await unfinished().isEmpty)
        try await unfollow(1, 2)
        try await repair.unfollowed(follower: user, followee: author)
        #expect(try await stored(of: 1).isEmpty)
        #expect(try await timelines.list(user).map(\.post.raw) == [0])
    }

    /// A follow was committed between the look for what is to go and its end.
    @Test func whatIsFollowedMeanwhileStays() async throws {
        let user = ID(raw: 1)
        try await timelines.ensureEmpty(user)
        for (id, author): (Int64, Int64) in [(10, 2), (20, 2), (30, 3), (40, 4)] { try await post(id, by: author) }
        try await database.query("INSERT INTO tags (name, display) VALUES ('swift', 'swift') ON CONFLICT DO NOTHING")
        try await database.query("INSERT INTO post_tags (tag, post_id, author_id, stripe) VALUES ('swift', 40, 4, 0)")
        try await database.query(
            "INSERT INTO tag_follows (tag, bucket, follower, id) VALUES ('swift', \(Bucket.of(user)), 1, 8)")
        try await follow(1, 2, id: 7)
        let entries = [(40, 4), (30, 3), (20, 2), (10, 2)].map {
            RebuildEntries.Entry(post: ID(raw: $0), author: ID(raw: $1), isByTag: $1 == 4)
        }
        let withdrawal = FeedWithdrawal(database: database, timelines: timelines)
        func posts() async throws -> [Int64] { try await timelines.list(user).map(\.post.raw).dropLast() }
        try await timelines.backfill(user, RebuildEntries(entries: entries, completeFrom: .zero))
        try await withdrawal.withdraw(entries.map(\.post), from: user)
        #expect(try await posts() == [40, 20, 10])
        try await withdrawal.sever(user, from: ID(raw: 4))
        #expect(try await posts() == [40, 20, 10])
        try await withdrawal.sever(user, from: ID(raw: 2))
        #expect(try await posts() == [40])
    }

    /// The unfollow was committed, and undone by a follow before its repair.
    @Test func theLaterOfTheTwoWins() async throws {
        let (user, author) = (ID(raw: 1), ID(raw: 2))
        try await timelines.ensureEmpty(user)
        try await post(10, by: 2)
        try await follow(1, 2, id: 7)
        try await repair.unfollowed(follower: user, followee: author)
        #expect(try await stored(of: 1) == [10])
        #expect(try await timelines.list(user).map(\.post.raw) == [10, 0])
        try await unfollow(1, 2)
        try await repair.followed(follower: user, followee: author)
        #expect(try await timelines.list(user).map(\.post.raw) == [0])
    }

    @Test func abandonedFollowsAreFinishedThoughOneFails() async throws {
        for author: Int64 in 2...4 {
            try await post(author * 10, by: author)
            try await follow(1, author, id: author)
        }
        try await timelines.ensureEmpty(ID(raw: 1))
        // Redis refuses whatever is done to the second one's set.
        let broken = "\(timelines.options.prefix)severed:\(timelines.tag(0)):3"
        _ = try await server.redis.command("SET", .text(broken), "not a set")
        await #expect(throws: RedisError.self) { try await repair.finishAbandoned(now: now) }
        #expect(try await unfinished() == [3])
        // It comes first from now on, and is finished once it can be.
        try await follow(1, 5, id: 5)
        await #expect(throws: RedisError.self) { try await repair.finishAbandoned(now: now) }
        #expect(try await unfinished() == [3])
        _ = try await server.redis.command("DEL", .text(broken))
        #expect(try await repair.finishAbandoned(now: now) == 1)
        #expect(try await unfinished().isEmpty)
        #expect(try await stored(of: 1) == [20, 30, 40])
        #expect(try await timelines.list(ID(raw: 1)).isEmpty)
    }

    @Test func aFollowOfTheLastSecondsIsLeftToItsOwnProcess() async throws {
        try await follow(1, 2, id: ID(firstOf: now - 9_999).raw)
        try await follow(1, 3, id: ID(firstOf: now - 10_001).raw)
        #expect(try await repair.finishAbandoned(now: now) == 1)
        #expect(try await unfinished() == [ID(firstOf: now - 9_999).raw])
    }
}
