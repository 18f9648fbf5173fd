import Core
import Erasure
import RedisLink
import Store
import TestSite
import Testing

/// Whether something is left of those who were erased, looked for again.
@Suite(.site, .serialized) struct AuditTests {
    private let site = TestSite.current
    private static let hour = 3600.0

    /// A user who was followed, with posts in others' feeds, is erased.
    private func erased() async throws -> (user: ID, deletion: ID, receipt: String) {
        let (alice, bob) = (try await site.signUp(), try await site.signUp())
        try await bob.follow(alice)
        _ = try await alice.post(text: "soon gone")
        try await site.settle()
        _ = try await bob.walk()
        let asked = try await alice.post("/v1/me/deletion?grace=0", ["password": .string(TestUser.password)])
        let receipt = "/v1/deletions/\(asked["id"].string!)?key=\(asked["key"].string!)"
        try await eventually {
            try await site.settle()
            try await site.runJobs()
            return try await site.stranger().get(receipt)["state"].string == "done"
        }
        return (ID(alice.id)!, ID(asked["id"].string!)!, receipt)
    }

    private func stores(_ receipt: String) async throws -> [String: JSONValue] {
        let stores = try await site.stranger().get(receipt)["stores"].array ?? []
        return Dictionary(uniqueKeysWithValues: stores.map { ($0["name"].string!, $0) })
    }

    // MARK: Audit

    @Test func findsWhatIsLeftAndErasesIt() async throws {
        let (alice, deletion, receipt) = try await erased()
        let other = try await site.signUp()
        let post = try await other.post(text: "hello")
        var found = try await site.audit.run(repairs: false)
        #expect(found.report.findings.isEmpty && found.report.passed >= site.holdings.count)
        let passed = found.report.passed

        // Where the eraser looks, where it does not, and in Redis.
        try await site.database.batch([
            "INSERT INTO feed_items (user_id, post_id, author_id) VALUES (\(ID(other.id)!), 1, \(alice))",
            "INSERT INTO fanout_progress VALUES (1, 'post.created', 0, \(alice), 0)",
            "UPDATE posts SET mentions = ARRAY[\(alice)::bigint, 0] WHERE id = \(ID(post)!)",
            "CREATE TABLE strange (owner bigint)",
            "INSERT INTO strange VALUES (\(alice)), (\(alice))",
        ])
        _ = try await other.walk()
        let keys = try await site.keys()
        let timeline = try #require(keys.first { $0.hasPrefix("tl:") && $0.hasSuffix(":\(other.id)") })
        var entry = ByteWriter(capacity: 22)
        for number in [9, 9, UInt64(alice.raw)] { entry.append(bigEndian: number, width: 7) }
        entry.append(0)
        _ = try await site.redis.command("LPUSH", .text(timeline), .bytes(entry.bytes))
        found = try await site.audit.run(repairs: false)
        #expect(
            found.report.findings.map(\.store) == [
                "postgres.fanout_progress", "postgres.feed_items", "postgres.posts", "postgres.strange",
                "redis.timelines",
            ])
        #expect(found.report.findings.allSatisfy { $0.deletion == deletion } && found.repaired.isEmpty)
        #expect(found.report.findings.map(\.count) == [1, 1, 1, 2, 1])
        #expect(found.report.passed == passed - 4)

        let before = try await stores(receipt)
        found = try await site.audit.run(repairs: true)
        #expect(found.repaired.count == 5)
        // Nobody has said how a table that no domain knows is emptied.
        #expect(found.report.findings.map(\.store) == ["postgres.strange"])
        for name in ["postgres.fanout_progress", "postgres.feed_items", "postgres.posts", "redis.timelines"] {
            let (was, now) = (before[name], try await stores(receipt)[name])
            #expect(now?["removed"].integer == (was?["removed"].integer ?? 0) + 1, "\(name)")
        }
        try await site.database.query("DROP TABLE strange")
        #expect(try await site.audit.run(repairs: true).report.findings.isEmpty)
    }

    /// Who has the database alone does not learn whose a deletion was, nor does who has another secret.
    @Test func nothingInTheDatabaseSaysWhoseItWas() async throws {
        let (alice, deletion, _) = try await erased()
        let row = try await site.database.query("SELECT subject, user_id FROM deletions WHERE id = \(deletion)")[0]
        #expect(try row.optionalID("user_id") == nil)
        #expect(!String(decoding: try row.bytes("subject"), as: UTF8.self).contains(alice.description))
    }

    // MARK: What forgets by itself

    @Test func isLookedAtAgainWhenItShouldHaveForgotten() async throws {
        let (alice, _, receipt) = try await erased()
        let first = try await stores(receipt)
        let severed = try #require(first["redis.severed"])
        #expect(severed["left"].isNull && severed["kept_until"].string != nil)
        try await site.pass(seconds: 1.1 * Self.hour)
        // Redis does not know the test's clock: somebody is still named there.
        let tag = try #require(try await site.keys().first { $0.hasPrefix("clock:") }).dropFirst("clock:".count)
        let key = "severed:\(tag):77"
        _ = try await site.redis.command("SADD", .text(key), .text(alice.description))
        try await site.runJobs()
        let late = try #require(try await stores(receipt)["redis.severed"])
        #expect(late["left"].isNull && late["checked_at"].string == rfc3339(milliseconds: site.clock.milliseconds()))
        #expect((late["kept_until"].string ?? "") > rfc3339(milliseconds: site.clock.milliseconds() + 23 * 3_600_000))
        _ = try await site.redis.command("DEL", .text(key))
        try await site.pass(seconds: 26 * Self.hour)
        try await site.runJobs()
        let gone = try #require(try await stores(receipt)["redis.severed"])
        #expect(gone["left"].integer == 0 && gone["kept_until"].isNull && gone["why"].isNull)
        #expect(gone["checked_at"].string == rfc3339(milliseconds: site.clock.milliseconds()))
        // Others are still kept.
        #expect(
            try await stores(receipt)["log.post.events"]?["kept_until"].string
                == first["log.post.events"]?["kept_until"].string)

        // Topics: the log still has records, and has none.
        try await site.pass(seconds: 22 * 24 * Self.hour)
        try await site.runUpkeep()
        try await site.runJobs()
        #expect(try await stores(receipt)["log.post.events"]?["kept_until"].string != nil)
        site.forgetLog()
        try await site.pass(seconds: 26 * Self.hour)
        try await site.runJobs()
        for (name, store) in try await stores(receipt) { #expect(store["left"].integer == 0, "\(name)") }
        #expect(try await site.audit.run(repairs: false).report.findings.isEmpty)
    }

    /// A worker that does not look is found.
    @Test func anAuditFindsWhatWasNotLookedAt() async throws {
        let (_, deletion, _) = try await erased()
        try await site.pass(seconds: 40 * 24 * Self.hour)
        let late = try await site.audit.run(repairs: false).report.findings.filter { $0.deletion == deletion }
        #expect(late.map(\.store).contains("log.post.events") && late.map(\.store).contains("redis.changes"))
        #expect(late.allSatisfy { $0.count == 0 })
        site.forgetLog()
        try await site.flushRedis()
        try await site.runJobs()
        #expect(try await site.audit.run(repairs: false).report.findings.isEmpty)
    }
}
