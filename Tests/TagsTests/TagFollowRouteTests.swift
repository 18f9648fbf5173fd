import Core
import Store
import TestSite
import Testing

/// Who follows which hashtags; what that does to feeds is tested with them.
@Suite(.site) struct TagFollowRouteTests {
    private let site = TestSite.current

    @Test func whoFollowsIt() async throws {
        let (alice, bob) = (try await site.signUp(), try await site.signUp())
        #expect(try await bob.get("/v1/tags/nobody_yet").isProblem(404, "not_found"))
        for name in ["Nobody_Yet", "NOBODY_YET", "ｎobody_yet".percentEscaped] {
            #expect(try await bob.put("/v1/tags/\(name)/follow").status == 204)
        }
        let mine = try await bob.get("/v1/tags/nobody_yet")
        #expect(mine["followed"].bool == true && mine["posts"].integer == 0 && mine["display"].string == "Nobody_Yet")
        #expect(try await bob.get("/v1/tags/nobody_yet/posts").items.isEmpty)
        #expect(try await alice.get("/v1/tags/nobody_yet").isProblem(404, "not_found"))
        _ = try await alice.post(text: "#nobody_yet")
        #expect(try await alice.get("/v1/tags/nobody_yet")["followed"].bool == false)
        #expect(try await site.stranger().get("/v1/tags/nobody_yet")["followed"] == .null)
        try await site.runJobs()
        let popular = try await bob.get("/v1/tags/popular").items.first { $0["name"].string == "nobody_yet" }
        #expect(popular?["followed"].bool == true)
        for _ in 0..<2 { #expect(try await bob.delete("/v1/tags/nobody_YET/follow").status == 204) }
        #expect(try await bob.get("/v1/tags/nobody_yet")["followed"].bool == false)
        #expect(try await site.stranger().put("/v1/tags/nobody_yet/follow").isProblem(401, "unauthenticated"))
        #expect(try await bob.put("/v1/tags/1/follow").isProblem(404, "not_found"))
    }

    @Test func thereIsALimit() async throws {
        let alice = try await site.signUp()
        let names = (0..<1_000).map { "limit_\($0)" }
        try await site.database.query(
            "INSERT INTO tags (name, display) SELECT n, n FROM unnest(\(names)::text[]) n")
        try await site.database.query(
            """
            INSERT INTO tag_follows (tag, bucket, follower, id)
            SELECT n, 0, \(ID(alice.id)), 1 FROM unnest(\(names)::text[]) n
            """)
        #expect(try await alice.put("/v1/tags/limit_7/follow").status == 204)
        #expect(try await alice.put("/v1/tags/one_more/follow").isProblem(409, "too_many"))
        #expect(try await alice.delete("/v1/tags/limit_7/follow").status == 204)
        #expect(try await alice.put("/v1/tags/one_more/follow").status == 204)
    }

    /// In parallel the limit holds, and one follow is one.
    @Test func atOnce() async throws {
        let alice = try await site.signUp()
        let statuses = try await concurrently(8) { _ in try await alice.put("/v1/tags/at_once/follow").status }
        #expect(statuses == Array(repeating: 204, count: 8))
        let rows = try await site.database.query("SELECT id FROM tag_follows WHERE follower = \(ID(alice.id))")
        #expect(rows.count == 1)
        #expect(site.events(in: "feed.updated", of: alice.id).isEmpty)
        try await site.settle()
        #expect(site.events(in: "feed.updated", of: alice.id) == ["tag.followed"])
    }
}
