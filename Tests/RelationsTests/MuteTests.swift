import Core
import TestSite
import Testing

/// Mutes: they hide at reads, and nothing is lost by them.
@Suite(.site, .serialized) struct MuteTests {
    private let site = TestSite.current

    private func pair() async throws -> (TestUser, TestUser) {
        let (alice, bob) = (try await site.signUp(), try await site.signUp())
        try await bob.follow(alice)
        return (alice, bob)
    }

    private func time(_ seconds: Int64) -> JSONValue {
        .string(rfc3339(milliseconds: site.clock.milliseconds() + seconds * 1000))
    }

    /// What was posted before and meanwhile is back when the mute ends; everywhere else it was there all the time.
    @Test func postsComeBack() async throws {
        let (alice, bob) = try await pair()
        let before = try await alice.post(text: "before")
        try await site.settle()
        #expect(try await bob.put("/v1/users/\(alice.id)/mute").status == 204)
        let meanwhile = try await alice.post(text: "meanwhile")
        try await site.settle()
        #expect(try await bob.walk() == [])
        #expect(try await bob.get("/v1/posts/\(meanwhile)").status == 200)
        #expect(try await bob.walk("/v1/users/\(alice.id)/posts") == [meanwhile, before])
        #expect(try await bob.get("/v1/users/\(alice.id)")["muted"].bool == true)
        #expect(try await bob.get("/v1/users/\(alice.id)")["followed"].bool == true)
        // A timeline that is made anew meanwhile has them, too.
        try await site.flushRedis()
        #expect(try await bob.walk() == [])
        for _ in 0..<2 { #expect(try await bob.delete("/v1/users/\(alice.id)/mute").status == 204) }
        #expect(try await bob.walk() == [meanwhile, before])
        #expect(try await bob.get("/v1/users/\(alice.id)")["muted"].isNull)
    }

    @Test func anEnd() async throws {
        let (alice, bob) = try await pair()
        let post = try await alice.post(text: "x")
        try await site.settle()
        let path = "/v1/users/\(alice.id)/mute"
        #expect(try await bob.put(path, ["until": time(60), "notifications": false]).status == 204)
        #expect(try await bob.walk() == [])
        let list = try await bob.get("/v1/me/mutes")
        #expect(list.items.map { $0["user"]["id"].string } == [alice.id] && list.items[0]["until"] == time(60))
        // Another end for the same mute.
        #expect(try await bob.put(path, ["until": time(10)]).status == 204)
        #expect(try await bob.get("/v1/me/mutes").items.map { $0["until"] } == [time(10)])
        try await site.pass(seconds: 11)
        #expect(try await bob.walk() == [post])
        #expect(try await bob.get("/v1/me/mutes").items.isEmpty)
        try await site.runUpkeep()
        let left = try await site.database.query("SELECT 1 AS one FROM relations WHERE until < now()")
        #expect(left.isEmpty)
    }

    @Test(arguments: [
        "2026-01-05T00:07:21Z", "2026-01-05T00:07:21.289+00:00", "2026-13-05T00:07:21.289Z", "2026-02-30T00:07:21.289Z",
        "2026-01-05 00:07:21.289Z", "2026-01-05T24:07:21.289Z", "20260105T000721289Z", "", "tomorrow",
        "9999-12-31T23:59:60.000Z", "1969-12-31T23:59:59.999Z",
    ]) func noEnd(_ text: String) async throws {
        let (alice, bob) = try await pair()
        let response = try await bob.put("/v1/users/\(alice.id)/mute", ["until": .string(text)])
        #expect(response.isProblem(400, "invalid_field", field: "until"))
    }

    @Test func anEndThatIsPast() async throws {
        let (alice, bob) = try await pair()
        for seconds: Int64 in [-1, 0] {
            let response = try await bob.put("/v1/users/\(alice.id)/mute", ["until": time(seconds)])
            #expect(response.isProblem(400, "invalid_field", field: "until"))
        }
        #expect(try await bob.get("/v1/me/mutes").items.isEmpty)
    }
}
