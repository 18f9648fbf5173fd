import Core
import TestSite
import Testing

/// `GET /v1/feed?since=…`: what came after a position, and the long poll.
@Suite(.site) struct FeedSinceTests {
    private let site = TestSite.current

    /// - Returns: somebody who posts, and a reader with a position.
    private func pair() async throws -> (TestUser, TestUser, live: String) {
        let (alice, bob) = (try await site.signUp(), try await site.signUp())
        try await bob.follow(alice)
        return (alice, bob, try await bob.get("/v1/feed")["live"].string!)
    }

    private func posts(_ response: TestResponse) -> [String?] { response.items.map { $0["post"]["id"].string } }

    /// After `live` exactly the newer ones come, oldest first, and the new `live` continues there.
    @Test func whatCameSince() async throws {
        let (alice, bob, live) = try await pair()
        let before = try await alice.post(text: "before")
        try await site.settle()
        let first = try await bob.get("/v1/feed?since=\(live)")
        #expect(posts(first) == [before] && first["reset"].bool == false)
        let ids = try await alice.posts(10)
        try await site.settle()
        let response = try await bob.get("/v1/feed?since=\(first["live"].string!)")
        #expect(posts(response) == ids && response["reset"].bool == false)
        #expect(response.items.allSatisfy { $0["type"].string == "post.created" })
        #expect(try await response.items[9]["post"] == site.stranger().get("/v1/posts/\(ids[9])").json)
        #expect(try await alice.delete("/v1/posts/\(ids[3])").status == 204)
        try await site.settle()
        let later = try await bob.get("/v1/feed?since=\(response["live"].string!)")
        #expect(later.items.count == 1 && later.items[0]["type"].string == "post.deleted")
        #expect(later.items[0]["post_id"].string == ids[3])
        let end = try await bob.get("/v1/feed?since=\(later["live"].string!)")
        #expect(end.items.isEmpty && end["live"] == later["live"] && end["reset"].bool == false)
        // The first position still tells all of it, without what was deleted.
        let all = try await bob.get("/v1/feed?since=\(live)")
        #expect(Set(posts(all).compactMap(\.self)) == Set([before] + ids).subtracting([ids[3]]))
        #expect(all.items.filter { $0["type"].string == "post.deleted" }.map { $0["post_id"].string } == [ids[3]])
    }

    @Test func anEndedSessionIsToldNothing() async throws {
        let (_, bob, live) = try await pair()
        let body: JSONValue = ["refresh_token": .string(bob.refreshToken)]
        #expect(try await site.stranger().post("/v1/auth/logout", body).status == 204)
        #expect(try await bob.get("/v1/feed?since=\(live)").isProblem(401, "unauthenticated"))
    }

    /// So much that it is told in parts: each goes on where the one before has ended.
    @Test func muchComesInParts() async throws {
        let (alice, bob, live) = try await pair()
        let text = String(repeating: "🐦", count: 5000)
        var ids: [String] = []
        for _ in 0..<16 { ids.append(try await alice.post(text: text)) }
        try await site.settle()
        var (seen, position, parts): ([String?], String, Int) = ([], live, 0)
        while seen.count < ids.count {
            let part = try await bob.get("/v1/feed?since=\(position)")
            guard part["reset"].bool == false, !part.items.isEmpty else { throw UnexpectedResponse(response: part) }
            #expect(part.body.count < 262_144 + 1024)
            seen += posts(part)
            position = part["live"].string!
            parts += 1
        }
        #expect(seen == ids && parts == 2)
        #expect(try await bob.get("/v1/feed?since=\(position)").items.isEmpty)
    }

    /// More than a timeline holds: the reader is told to read anew, and where to go on from.
    @Test func aPositionPastTheTimeline() async throws {
        let (alice, bob, live) = try await pair()
        for _ in 0..<9 {
            _ = try await alice.posts(100)
            try await site.settle()
        }
        let response = try await bob.get("/v1/feed?since=\(live)&wait=45")
        #expect(response["reset"].bool == true && response.items.isEmpty)
        let id = try await alice.post(text: "after it")
        try await site.settle()
        #expect(try await posts(bob.get("/v1/feed?since=\(response["live"].string!)")) == [id])
    }

    @Test func aLongPollEndsWithThePost() async throws {
        let (alice, bob, live) = try await pair()
        async let response = bob.get("/v1/feed?since=\(live)&wait=45")
        try await eventually { try await site.isHeardOf(bob) }
        let id = try await alice.post(text: "worth waiting for")
        try await site.settle()
        #expect(try await posts(response) == [id])
    }

    @Test func aLongPollEndsWithItsSession() async throws {
        let (_, bob, live) = try await pair()
        async let response = bob.get("/v1/feed?since=\(live)&wait=45")
        try await eventually { try await site.isHeardOf(bob) }
        let body: JSONValue = ["refresh_token": .string(bob.refreshToken)]
        #expect(try await site.stranger().post("/v1/auth/logout", body).status == 204)
        #expect(try await response.isProblem(401, "unauthenticated"))
    }

    /// It waits no longer than the token lives, and one that lives no more is none.
    @Test func aLongPollWaitsNoLongerThanItsToken() async throws {
        let site = try await TestSite()
        let bob = try await site.signUp()
        let live = try await bob.get("/v1/feed")["live"].string!
        try await site.pass(seconds: 899)
        let response = try await bob.get("/v1/feed?since=\(live)&wait=45")
        #expect(response.status == 200 && response.items.isEmpty && response["reset"].bool == false)
        await site.close()
    }

    @Test func whatDoesNotGoTogether() async throws {
        let (_, bob, live) = try await pair()
        for (query, code, field) in [
            ("wait=1", "missing_field", "since"), ("since=\(live)&limit=1", "invalid_field", "limit"),
            ("since=\(live)&cursor=x", "invalid_field", "cursor"), ("since=\(live)&wait=-1", "invalid_field", "wait"),
            ("since=\(live)&wait=56", "invalid_field", "wait"), ("since=\(live)&wait=abc", "invalid_field", "wait"),
            ("since=\(live)&wait=1.5", "invalid_field", "wait"), ("since=\(live)&wait=", "invalid_field", "wait"),
            ("since=\(live)&since=\(live)", "invalid_field", "since"),
        ] {
            let response = try await bob.get("/v1/feed?" + query)
            #expect(response.isProblem(400, code, field: field), "\(query)")
        }
    }
}
