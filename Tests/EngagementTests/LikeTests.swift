import Core
import Live
import Store
import TestSite
import Testing

/// `PUT` and `DELETE /v1/posts/{id}/like`, `GET /v1/posts/{id}/likes`, `GET /v1/users/{id}/likes`.
@Suite(.site) struct LikeTests {
    private let site = TestSite.current

    private func counts(_ post: String) async throws -> [String: Int64?] {
        let counts = try await site.stranger().get("/v1/posts/\(post)")["counts"]
        return ["likes": counts["likes"].integer, "version": counts["version"].integer]
    }

    @Test func countsOnceHoweverOften() async throws {
        let (alice, bob) = (try await site.signUp(), try await site.signUp())
        let post = try await alice.post(text: "hello")
        for _ in 0..<3 { #expect(try await bob.put("/v1/posts/\(post)/like").status == 204) }
        #expect(try await counts(post) == ["likes": 1, "version": 1])
        #expect(try await bob.get("/v1/posts/\(post)")["liked"].bool == true)
        #expect(try await alice.get("/v1/posts/\(post)")["liked"].bool == false)
        #expect(try await site.stranger().get("/v1/posts/\(post)")["liked"].bool == nil)
        for _ in 0..<3 { #expect(try await bob.delete("/v1/posts/\(post)/like").status == 204) }
        #expect(try await counts(post) == ["likes": 0, "version": 2])
        try await site.settle()
        #expect(site.events(in: "engagement.events", of: post) == ["post.liked", "post.unliked"])
    }

    @Test func aReplayedLikeCountsNoMore() async throws {
        let (alice, bob) = (try await site.signUp(), try await site.signUp())
        let post = try await alice.post(text: "hello")
        for isReplay in [false, true] {
            let response = try await bob.put("/v1/posts/\(post)/like", nil, ["Idempotency-Key": "once"])
            #expect(response.status == 204 && (response.header("Idempotency-Replayed") == "true") == isReplay)
        }
        #expect(try await counts(post) == ["likes": 1, "version": 1])
    }

    /// The same user at once, and many users at once: the number is that of the rows.
    @Test func aCrowdIsCountedExactly() async throws {
        let alice = try await site.signUp()
        let post = try await alice.post(text: "hot")
        let users = try await concurrently(12) { _ in try await site.signUp() }
        _ = try await concurrently(120) { try await users[$0 % 12].put("/v1/posts/\(post)/like") }
        #expect(try await counts(post) == ["likes": 12, "version": 12])
        _ = try await concurrently(60) { try await users[$0 % 6].delete("/v1/posts/\(post)/like") }
        #expect(try await counts(post) == ["likes": 6, "version": 18])
        #expect(try await alice.walk("/v1/posts/\(post)/likes", limit: 2).count == 6)
    }

    @Test func newestFirstOverPages() async throws {
        let alice = try await site.signUp()
        let post = try await alice.post(text: "hello")
        var likers: [String] = []
        for _ in 0..<5 {
            let user = try await site.signUp()
            #expect(try await user.put("/v1/posts/\(post)/like").status == 204)
            likers.insert(user.id, at: 0)
        }
        for limit in [1, 2, 5, 100] {
            #expect(try await alice.walk("/v1/posts/\(post)/likes", limit: limit) == likers)
        }
    }

    @Test func ownLikesAreOnesOwn() async throws {
        let (alice, bob) = (try await site.signUp(), try await site.signUp())
        let posts = try await alice.posts(4)
        for post in [posts[2], posts[0], posts[3]] {
            #expect(try await bob.put("/v1/posts/\(post)/like").status == 204)
        }
        #expect(try await alice.delete("/v1/posts/\(posts[0])").status == 204)
        for limit in [1, 2, 100] {
            #expect(try await bob.walk("/v1/users/\(bob.id)/likes", limit: limit) == [posts[3], posts[2]])
        }
        #expect(try await alice.get("/v1/users/\(bob.id)/likes").isProblem(403, "forbidden"))
    }

    @Test func whatIsNotThereIsNotFound() async throws {
        let (alice, bob) = (try await site.signUp(), try await site.signUp())
        let post = try await alice.post(text: "hello")
        #expect(try await alice.delete("/v1/posts/\(post)").status == 204)
        for post in ["1", post] {
            #expect(try await bob.put("/v1/posts/\(post)/like").isProblem(404, "not_found"))
            #expect(try await bob.delete("/v1/posts/\(post)/like").isProblem(404, "not_found"))
            #expect(try await bob.get("/v1/posts/\(post)/likes").isProblem(404, "not_found"))
        }
        #expect(try await site.stranger().put("/v1/posts/\(post)/like").isProblem(401, "unauthenticated"))
    }

    /// Who leaves likes nothing any more, and is counted no more.
    @Test func anErasedUserIsCountedNoMore() async throws {
        let (alice, bob, carol) = (try await site.signUp(), try await site.signUp(), try await site.signUp())
        let post = try await alice.post(text: "hello")
        for user in [bob, carol] { #expect(try await user.put("/v1/posts/\(post)/like").status == 204) }
        try await site.settle()
        let asked = try await bob.post("/v1/me/deletion?grace=0", ["password": .string(TestUser.password)])
        let receipt = "/v1/deletions/\(asked["id"].string!)?key=\(asked["key"].string!)"
        try await eventually {
            try await site.settle()
            try await site.runJobs()
            return try await site.stranger().get(receipt)["state"].string == "done"
        }
        #expect(try await counts(post) == ["likes": 1, "version": 3])
        #expect(try await alice.get("/v1/posts/\(post)/likes").ids == [carol.id])
        #expect(site.events(in: "engagement.events", of: post) == ["post.liked", "post.liked", "post.unliked"])
    }
}
