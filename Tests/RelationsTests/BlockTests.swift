import Core
import Store
import TestSite
import Testing

/// Blocks: what they end, and what they hide. What each route hides is the matrix's.
@Suite(.site, .serialized) struct BlockTests {
    private let site = TestSite.current

    private func friends() async throws -> (TestUser, TestUser) {
        let (alice, bob) = (try await site.signUp(), try await site.signUp())
        try await bob.follow(alice)
        try await alice.follow(bob)
        return (alice, bob)
    }

    private func counts(_ user: TestUser) async throws -> [Int64?] {
        let me = try await user.get("/v1/me")
        return [me["followers"].integer, me["following"].integer]
    }

    /// Follows both ways end, and their posts are gone from both feeds at the 204; an unblock brings nothing back.
    @Test func endsFollowsBothWays() async throws {
        let (alice, bob) = try await friends()
        let (ofAlice, ofBob) = (try await alice.post(text: "a"), try await bob.post(text: "b"))
        try await site.settle()
        #expect(try await alice.walk() == [ofBob, ofAlice])
        for _ in 0..<2 { #expect(try await alice.put("/v1/users/\(bob.id)/block").status == 204) }
        #expect(try await alice.walk() == [ofAlice])
        #expect(try await bob.walk() == [ofBob])
        for user in [alice, bob] { #expect(try await counts(user) == [0, 0]) }
        let unblocked = try await alice.delete("/v1/users/\(bob.id)/block")
        #expect(unblocked.status == 204)
        #expect(try await alice.walk() == [ofAlice])
        #expect(try await bob.walk() == [ofBob])
        try await site.settle()
        let follow = ["follow.accepted", "follow.removed"]
        #expect(site.events(in: "graph.events", of: alice.id) == follow + ["block.added", "block.removed"])
        #expect(site.events(in: "graph.events", of: bob.id) == follow)
        try await bob.follow(alice)
        #expect(try await bob.walk() == [ofBob, ofAlice])
    }

    /// A delivery that is under way at the time of the block comes into no feed, nor into what is read live.
    @Test func whatIsUnderWay() async throws {
        let (alice, bob) = try await friends()
        let live = try await bob.get("/v1/feed")["live"].string!
        _ = try await alice.post(text: "under way")
        #expect(try await alice.put("/v1/users/\(bob.id)/block").status == 204)
        try await site.settle()
        #expect(try await bob.walk() == [])
        let told = try await bob.get("/v1/feed?since=\(live)").items
        #expect(told.map { $0["reason"].string } == ["unfollow"])
    }

    @Test func endsRequestsBothWays() async throws {
        let (alice, bob) = (try await site.signUp(), try await site.signUp())
        for user in [alice, bob] {
            try await site.database.query("UPDATE users SET private = true WHERE id = \(ID(user.id)!)")
        }
        #expect(try await alice.put("/v1/users/\(bob.id)/follow").status == 202)
        #expect(try await bob.put("/v1/users/\(alice.id)/follow").status == 202)
        #expect(try await alice.put("/v1/users/\(bob.id)/block").status == 204)
        #expect(try await alice.delete("/v1/users/\(bob.id)/block").status == 204)
        for user in [alice, bob] {
            #expect(try await user.get("/v1/me/requests").items.isEmpty)
            #expect(try await user.get("/v1/me/requests/sent").items.isEmpty)
        }
    }

    /// A follow that is made while a block is does not outlive it, and is not counted.
    @Test func aFollowAtTheSameTime() async throws {
        let (alice, bob) = (try await site.signUp(), try await site.signUp())
        for _ in 0..<20 {
            _ = try await concurrently(6) { number in
                number == 3
                    ? try await alice.put("/v1/users/\(bob.id)/block")
                    : try await bob.put("/v1/users/\(alice.id)/follow")
            }
            #expect(try await counts(alice) == [0, 0])
            #expect(try await counts(bob) == [0, 0])
            let left = try await site.database.query(
                "SELECT 1 AS one FROM follows WHERE followee = \(ID(alice.id)!) AND follower = \(ID(bob.id)!)")
            #expect(left.isEmpty)
            #expect(try await alice.delete("/v1/users/\(bob.id)/block").status == 204)
        }
    }

    @Test func theListOfBlocks() async throws {
        let (alice, bob) = (try await site.signUp(), try await site.signUp())
        #expect(try await alice.put("/v1/users/\(bob.id)/block").status == 204)
        let list = try await alice.get("/v1/me/blocks")
        #expect(list.items.map { $0["user"]["id"].string } == [bob.id])
        #expect(list.items[0]["user"]["blocked"].bool == true && list.items[0]["until"].isNull)
        #expect(try await bob.get("/v1/me/blocks").items.isEmpty)
        #expect(try await alice.get("/v1/users/\(bob.id)/relation")["blocked"].bool == true)
        #expect(try await alice.delete("/v1/users/\(bob.id)/block").status == 204)
        #expect(try await alice.get("/v1/me/blocks").items.isEmpty)
    }

    @Test func whoIsNotThere() async throws {
        let alice = try await site.signUp()
        for name in ["block", "mute"] {
            #expect(try await alice.put("/v1/users/1/\(name)").isProblem(404, "not_found"))
            #expect(try await alice.delete("/v1/users/1/\(name)").status == 204)
            for method in ["PUT", "DELETE"] {
                let own = try await alice.send(method, "/v1/users/\(alice.id)/\(name)")
                #expect(own.isProblem(400, "invalid_field", field: "id"))
            }
        }
    }

    /// The counts of others are the same for all, and what is blocked is not given away by them.
    @Test func countsStay() async throws {
        let (alice, bob) = try await friends()
        let carol = try await site.signUp()
        for user in [alice, bob] { try await user.follow(carol) }
        #expect(try await alice.put("/v1/users/\(bob.id)/block").status == 204)
        for user in [alice, bob] {
            #expect(try await user.get("/v1/users/\(carol.id)")["followers"].integer == 2)
            #expect(try await user.walk("/v1/users/\(carol.id)/followers") == [user.id])
        }
        // A page that has lost users still says that there is more.
        let first = try await alice.get("/v1/users/\(carol.id)/followers?limit=1")
        #expect(first.ids == [alice.id] && first.next == nil)
    }
}
