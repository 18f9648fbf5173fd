import Core
import TestSite
import Testing

@testable import Relations

/// Requests to follow a private account, and what becomes of them.
@Suite(.site, .serialized) struct FollowRequestTests {
    private let site = TestSite.current

    private func privateUser() async throws -> TestUser {
        let user = try await site.signUp()
        let response = try await user.send("PATCH", "/v1/me", body: Array(#"{"private":true}"#.utf8))
        guard response.status == 200 else { throw UnexpectedResponse(response: response) }
        return user
    }

    private func ask(_ asker: TestUser, _ target: TestUser) async throws {
        let response = try await asker.put("/v1/users/\(target.id)/follow")
        guard response.status == 202, response.json == ["requested": true] else {
            throw UnexpectedResponse(response: response)
        }
    }

    private func askers(_ user: TestUser) async throws -> [String?] {
        try await user.get("/v1/me/requests").items.map { $0["user"]["id"].string }
    }

    @Test func isAskedOnceHoweverOften() async throws {
        let (alice, bob) = (try await privateUser(), try await site.signUp())
        for _ in 0..<3 { try await ask(bob, alice) }
        #expect(try await bob.post("/follow", ["user_id": .string(alice.id)]).status == 202)
        let list = try await alice.get("/v1/me/requests")
        #expect(list.items.count == 1 && list.items[0]["user"]["id"].string == bob.id)
        #expect(list.items[0]["created_at"].string == rfc3339(milliseconds: site.clock.milliseconds()))
        #expect(list.items[0].object?.keys == ["user", "created_at"])
        #expect(try await bob.get("/v1/me/requests/sent").items.map { $0["user"]["id"].string } == [alice.id])
        let seen = try await bob.get("/v1/users/\(alice.id)")
        #expect(seen["requested"].bool == true && seen["followed"].bool == false)
        #expect(seen["followers"].integer == 0 && seen["private"].bool == true)
        #expect(try await alice.get("/v1/users/\(bob.id)")["requested"].isNull)
    }

    /// At the 204 the asker's feed has the author's posts, also those of before.
    @Test func acceptedPostsAreThereAtOnce() async throws {
        let (alice, bob) = (try await privateUser(), try await site.signUp())
        let posts = try await alice.posts(3)
        #expect(try await bob.walk() == [])
        try await ask(bob, alice)
        #expect(try await bob.walk() == [])
        #expect(try await bob.get("/v1/posts/\(posts[0])").status == 404)
        #expect(try await alice.put("/v1/me/requests/\(bob.id)").status == 204)
        #expect(try await bob.walk() == posts.reversed())
        #expect(try await bob.get("/v1/posts/\(posts[0])").status == 200)
        #expect(try await askers(alice) == [])
        let later = try await alice.post(text: "later")
        try await site.settle()
        #expect(try await bob.walk() == ([later] + posts.reversed()))
        let told = try await (bob.get("/v1/users/\(alice.id)"), bob.get("/v1/me"))
        #expect(told.0["followers"].integer == 1 && told.1["following"].integer == 1)
        #expect(told.0["followed"].bool == true && told.0["requested"].isNull)
        // Once more changes nothing.
        #expect(try await alice.put("/v1/me/requests/\(bob.id)").status == 204)
        #expect(try await bob.get("/v1/users/\(alice.id)")["followers"].integer == 1)
        #expect(site.events(in: "graph.events", of: bob.id) == ["follow.requested", "follow.accepted"])
    }

    @Test func refusedOrTakenBack() async throws {
        let (alice, bob) = (try await privateUser(), try await site.signUp())
        for end in [
            { try await alice.delete("/v1/me/requests/\(bob.id)") },
            { try await bob.delete("/v1/users/\(alice.id)/follow") },
        ] {
            try await ask(bob, alice)
            for _ in 0..<2 { #expect(try await end().status == 204) }
            #expect(try await askers(alice) == [])
            #expect(try await alice.put("/v1/me/requests/\(bob.id)").isProblem(404, "not_found"))
            #expect(try await bob.get("/v1/users/\(alice.id)")["followed"].bool == false)
        }
        try await site.settle()
        let once = ["follow.requested", "follow.unrequested"]
        #expect(site.events(in: "graph.events", of: bob.id) == once + once)
    }

    @Test func nobodyAcceptsWhoHasNotAsked() async throws {
        let (alice, bob) = (try await privateUser(), try await site.signUp())
        for id in [bob.id, "1", alice.id] {
            #expect(try await alice.put("/v1/me/requests/\(id)").isProblem(404, "not_found"))
        }
        #expect(try await bob.get("/v1/users/\(alice.id)")["followers"].integer == 0)
    }

    /// Accepted and taken back at once: either there is a follow and it is counted, or there is none.
    @Test func bothAtOnce() async throws {
        let (alice, bob) = (try await privateUser(), try await site.signUp())
        for _ in 0..<10 {
            try await ask(bob, alice)
            _ = try await concurrently(4) { number in
                number % 2 == 0
                    ? try await alice.put("/v1/me/requests/\(bob.id)")
                    : try await bob.delete("/v1/users/\(alice.id)/follow")
            }
            let seen = try await bob.get("/v1/users/\(alice.id)")
            #expect(seen["followers"].integer == (seen["followed"].bool == true ? 1 : 0))
            #expect(seen["requested"].isNull)
            try await bob.unfollow(alice)
        }
    }

    /// A repeated accept by the same key does not bring back a follow that ended since.
    @Test func aReplayUndoesNothing() async throws {
        let (alice, bob) = (try await privateUser(), try await site.signUp())
        let post = try await alice.post(text: "x")
        try await ask(bob, alice)
        let key = ["Idempotency-Key": "k"]
        #expect(try await alice.put("/v1/me/requests/\(bob.id)", nil, key).status == 204)
        #expect(try await bob.walk() == [post])
        #expect(try await alice.delete("/v1/me/followers/\(bob.id)").status == 204)
        #expect(try await alice.put("/v1/me/requests/\(bob.id)", nil, key).isReplayed)
        #expect(try await bob.walk() == [])
        #expect(try await bob.get("/v1/users/\(alice.id)")["followed"].bool == false)
    }

    @Test func aFollowerIsRemoved() async throws {
        let (alice, bob) = (try await site.signUp(), try await site.signUp())
        try await bob.follow(alice)
        _ = try await alice.posts(2)
        try await site.settle()
        #expect(try await bob.walk().count == 2)
        for _ in 0..<2 { #expect(try await alice.delete("/v1/me/followers/\(bob.id)").status == 204) }
        #expect(try await bob.walk() == [])
        #expect(try await alice.get("/v1/me")["followers"].integer == 0)
        #expect(try await bob.get("/v1/me")["following"].integer == 0)
        try await bob.follow(alice)
        #expect(try await bob.walk().count == 2)
    }

    /// The account is private again before its open requests are accepted; who asks at that time is not let in.
    @Test func privateAgain() async throws {
        let alice = try await privateUser()
        let four = try await concurrently(4) { _ in try await site.signUp() }
        for asker in four { try await ask(asker, alice) }
        for _ in 0..<10 {
            async let asked = alice.site.signUp()
            for isPrivate in [false, true] {
                let response = try await alice.send(
                    "PATCH", "/v1/me", [:], body: Array("{\"private\":\(isPrivate)}".utf8))
                #expect(response.status == 200)
            }
            let late = try await asked
            #expect(try await late.put("/v1/users/\(alice.id)/follow").status == 202)
        }
        try await site.runUpkeep()
        let open =
            try await askers(alice).count
            + Int(
                try await alice.get("/v1/me")["followers"].integer ?? 0)
        #expect(open == four.count + 10)
    }

    /// Who follows beside a switch to private: what is not accepted by then waits.
    @Test func beside() async throws {
        let alice = try await site.signUp()
        let others = try await concurrently(8) { _ in try await site.signUp() }
        async let all = concurrently(8) { try await others[$0].put("/v1/users/\(alice.id)/follow").status }
        let response = try await alice.send("PATCH", "/v1/me", [:], body: Array(#"{"private":true}"#.utf8))
        #expect(response.status == 200)
        let statuses = try await all
        let followers = try await alice.get("/v1/me")["followers"].integer
        #expect(followers == Int64(statuses.filter { $0 == 204 }.count))
        #expect(try await askers(alice).count == statuses.filter { $0 == 202 }.count)
    }

    @Test func asManyAsThereMayBe() async throws {
        let (alice, bob) = (try await privateUser(), try await site.signUp())
        try await site.database.query(
            """
            WITH others AS (
                INSERT INTO users (id, handle, display_name, password_hash)
                SELECT n, 'asked_' || n, '', '' FROM generate_series(1, \(Graph.mostRequests)::int) n RETURNING id)
            INSERT INTO follow_requests (target, asker, id) SELECT id, \(ID(bob.id)!), id FROM others
            """)
        #expect(try await bob.put("/v1/users/\(alice.id)/follow").isProblem(409, "too_many"))
        #expect(try await bob.put("/v1/users/7/follow").status == 204)
        #expect(try await bob.delete("/v1/users/7/follow").status == 204)
        try await ask(bob, alice)
        #expect(try await bob.put("/v1/users/\(alice.id)/follow").status == 202)
    }

    @Test func pagesOfRequests() async throws {
        let alice = try await privateUser()
        let askers = try await concurrently(5) { _ in try await site.signUp() }
        for asker in askers { try await ask(asker, alice) }
        let pages = try await alice.pages("/v1/me/requests", limit: 2)
        #expect(pages.flatMap(\.items).map { $0["user"]["id"].string } == askers.reversed().map(\.id))
        let cursor = pages[0].next!
        let other = try await askers[0].get("/v1/me/requests?cursor=\(cursor)")
        #expect(other.isProblem(400, "invalid_cursor", field: "cursor"))
        #expect(try await alice.get("/v1/me/requests/sent?cursor=\(cursor)").isProblem(400, "invalid_cursor"))
    }
}
