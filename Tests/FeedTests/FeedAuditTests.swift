import Core
import RedisLink
import Store
import Synchronization
import TestSite
import Testing

@testable import Feed

/// `martlet audit feeds`: what is wrong with a feed is found and repaired, and what is right is not.
@Suite(.site, .serialized) struct FeedAuditTests {
    private let site = TestSite.current
    private let alice: TestUser
    private let bob: TestUser
    private let posts: [String]

    /// Both have posts of the first in their feeds, in Redis and in PostgreSQL.
    init() async throws {
        (alice, bob) = (try await site.signUp(), try await site.signUp())
        try await bob.follow(alice)
        posts = try await alice.posts(5)
        try await site.settle()
        #expect(try await bob.walk() == posts.reversed())
        #expect(try await alice.walk() == posts.reversed())
    }

    private func key(of user: TestUser) -> RedisArgument {
        .text("tl:{4.\(Partitions(count: 4).of(ID(user.id)!))}:\(user.id)")
    }

    private func entries(of user: TestUser) async throws -> [[UInt8]] {
        try await site.redis.command("LRANGE", key(of: user), 0, -1).elements!.map { $0.bytes! }
    }

    /// Both find the same; then all is right, and reads show what they should.
    private func expectRepaired(
        _ user: TestUser, fails: Bool = true, shows: [String], _ words: String
    ) async throws {
        let total = try await site.database.query("SELECT count(*) FROM users")[0].int("count")
        let found = try await site.auditFeeds()
        #expect(found.findings.map(\.description) == ["feed of \(user.id): \(words)"])
        #expect(found.failed == (fails ? 1 : 0) && found.passed == total - found.failed)
        let repaired = try await site.auditFeeds(repairs: true)
        #expect(repaired.findings == found.findings && repaired.passed == total && repaired.failed == 0)
        #expect(try await site.auditFeeds().findings == [])
        #expect(try await user.walk(limit: 2) == shows)
        #expect(try await site.auditFeeds().findings == [])
    }

    @Test func whatATimelineLost() async throws {
        let live = try await bob.get("/v1/feed")["live"].string!
        _ = try await site.redis.command("LREM", key(of: bob), 1, .bytes(entries(of: bob)[2]))
        #expect(try await bob.walk() != posts.reversed())
        try await expectRepaired(bob, shows: posts.reversed(), "the timeline lacks post \(posts[2])")
        #expect(try await bob.get("/v1/feed?since=\(live)")["reset"].bool == true)
    }

    @Test func whatIsStoredLost() async throws {
        let lost = posts[1...2].map { ID($0)! }
        try await site.database.query(
            "DELETE FROM feed_items WHERE user_id = \(ID(bob.id)!) AND post_id = ANY (\(lost)::bigint[])")
        try await expectRepaired(
            bob, shows: posts.reversed(), "feed_items lacks 2 posts, the newest \(posts[2])")
        _ = try await site.redis.command("DEL", key(of: bob))
        #expect(try await bob.walk(limit: 2) == posts.reversed())
        // New ones are stored as ever.
        let newest = try await alice.post(text: "newest")
        try await site.settle()
        #expect(try await bob.walk(limit: 2) == [newest] + posts.reversed())
        #expect(try await site.auditFeeds().findings == [])
    }

    /// The marker says that there is nothing below, though the list has been cut.
    @Test func aTimelineThatSaysTooMuch() async throws {
        _ = try await site.redis.command("LTRIM", key(of: bob), -3, -1)
        try await expectRepaired(bob, shows: posts.reversed(), "the timeline lacks 3 posts, the newest \(posts[4])")
    }

    @Test func aWrongCompleteFrom() async throws {
        let user = ID(bob.id)!
        try await site.database.query("DELETE FROM feed_items WHERE user_id = \(user) AND post_id < \(ID(posts[2])!)")
        try await site.database.query("INSERT INTO feed_metadata VALUES (\(user), \(ID(posts[1])!))")
        try await expectRepaired(bob, shows: posts.reversed(), "feed_items lacks post \(posts[1])")
    }

    @Test func postsOfNobodyWhoIsFollowed() async throws {
        let carol = try await site.signUp()
        let post = try await carol.post(text: "not for bob")
        try await site.settle()
        let entry = TimelineEntry(post: ID(post)!, position: 0, author: ID(carol.id)!)
        _ = try await site.redis.command("LPUSH", key(of: bob), .bytes(entry.bytes))
        try await site.database.query("INSERT INTO feed_items VALUES (\(ID(bob.id)!), \(ID(post)!), \(ID(carol.id)!))")
        try await expectRepaired(
            bob, shows: posts.reversed(),
            "the timeline has, of nobody who is followed, post \(post); feed_items has as strays post \(post)")
    }

    /// One that never was.
    @Test func strays() async throws {
        let entry = TimelineEntry(post: ID(raw: ID(posts[4])!.raw + 1), position: 0, author: ID(alice.id)!)
        _ = try await site.redis.command("LPUSH", key(of: bob), .bytes(entry.bytes))
        try await site.database.query("INSERT INTO feed_items VALUES (\(ID(bob.id)!), \(entry.post), 1)")
        try await expectRepaired(
            bob, fails: false, shows: posts.reversed(),
            "the timeline has as strays post \(entry.post); feed_items has as strays post \(entry.post)")
        #expect(try await entries(of: bob).count == 6)
    }

    /// A post that is on its way, a follow whose posts are.
    @Test func whatIsUnderWay() async throws {
        _ = try await alice.post(text: "under way")
        var suspects = FeedSuspects(pause: 1, patience: 10)
        let found = try await site.auditFeeds().findings.filter { "\($0.user)" == bob.id }
        #expect(found.count == 1 && found[0].isFailure)
        suspects.add(found[0], now: 0)
        #expect(suspects.due(now: 999_999_999) == [] && suspects.due(now: 1_000_000_000) == [found[0].user])
        #expect(suspects.again(found[0].user, found[0], now: 1_000_000_000) == nil && suspects.count == 1)
        // It has come, another one has not.
        var other = FeedFinding(user: found[0].user)
        other.storedLacks = [ID(raw: 1)]
        #expect(suspects.again(found[0].user, other, now: 2_000_000_000) == nil && suspects.count == 0)
        try await site.settle()
        try await site.database.query("UPDATE follows SET backfilled = false WHERE follower = \(ID(bob.id)!)")
        _ = try await site.redis.command("LTRIM", key(of: bob), -3, -1)
        #expect(try await site.auditFeeds().findings == [])
    }

    /// What a later version has written is not for this one to judge, nor to mend.
    @Test func whatIsNotKnownIsNotJudged() async throws {
        let entry = try await entries(of: bob)[1]
        let later = RedisArgument.bytes(entry.dropLast() + [64])
        _ = try await site.redis.command("LSET", key(of: bob), "1", later)
        #expect(try await site.auditFeeds().findings == [])
        _ = try await site.redis.command("LREM", key(of: bob), 1, later)
        #expect(try await site.auditFeeds().findings.count == 1)
    }

    /// What goes on by itself finds it, too, and leaves it to a fan-out that is behind.
    @Test func theSlowAudit() async throws {
        _ = try await site.redis.command("LREM", key(of: bob), 1, .bytes(entries(of: bob)[2]))
        let timelines = Timelines(redis: site.redis, partitions: Partitions(count: 4))
        let audit = FeedAudit(database: site.database, timelines: timelines)
        let isBehind = Atomic<Bool>(true)
        let turns = [0, 1].map { _ in
            FeedAuditTurn(audit, database: site.database, clock: site.clock, patience: 20) {
                !isBehind.load(ordering: .acquiring)
            }
        }
        let users = try await site.database.query("SELECT count(*) FROM users")[0].int("count")
        for _ in 0...users / 5 { try await turns[0].run() }
        // It is the other's turn.
        try await turns[1].run()
        #expect(try await bob.walk() != posts.reversed())
        for _ in 0..<3 {
            #expect(try await bob.walk() != posts.reversed())
            try await site.pass(seconds: 10)
            for turn in turns { try await turn.run() }
        }
        isBehind.store(false, ordering: .releasing)
        for _ in 0..<3 {
            try await site.pass(seconds: 10)
            for turn in turns { try await turn.run() }
        }
        #expect(try await bob.walk() == posts.reversed())
        #expect(try await site.auditFeeds().findings == [])
    }
}
