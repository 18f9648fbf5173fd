import Core
import Store
import TestSite
import Testing

/// Who sees whose comments. The matrix of all routes is in FeedAPITests; here is what lies between two who comment on the post
/// of a third.
@Suite(.site, .serialized) struct VisibilityTests {
    private let site = TestSite.current

    private struct Scene {
        let alice, bob, carol: TestUser
        let post: String
        /// Of bob; carol's below it, and bob's below that.
        let top, middle, last: String
    }

    private func scene() async throws -> Scene {
        let (alice, bob, carol) = (try await site.signUp(), try await site.signUp(), try await site.signUp())
        let post = try await alice.post(text: "hello")
        let top = try await bob.comment("bob's", on: post)
        let middle = try await carol.comment("carol's", on: post, below: top)
        let last = try await bob.comment("bob's, too", on: post, below: middle)
        return Scene(alice: alice, bob: bob, carol: carol, post: post, top: top, middle: middle, last: last)
    }

    private func expect(_ s: Scene, _ reader: any Caller, bobIsHidden: Bool) async throws {
        let list = try await reader.get("/v1/posts/\(s.post)/comments")
        #expect(list.ids == (bobIsHidden ? [] : [s.top]))
        #expect(list.next == nil)
        for (comment, isBobs) in [(s.top, true), (s.middle, false), (s.last, true)] {
            #expect(try await reader.get("/v1/comments/\(comment)").status == (isBobs && bobIsHidden ? 404 : 200))
        }
        let below = try await reader.get("/v1/comments/\(s.middle)/replies")
        #expect(below.ids == (bobIsHidden ? [] : [s.last]))
        #expect(try await reader.get("/v1/comments/\(s.top)/replies").status == (bobIsHidden ? 404 : 200))
        // Counts are the same for all.
        #expect(try await reader.comments(on: s.post) == 3)
        #expect(try await reader.replies(of: s.middle) == 1)
    }

    @Test(arguments: [true, false]) func aBlockEitherWay(_ byBob: Bool) async throws {
        let s = try await scene()
        let dave = try await site.signUp()
        let (owner, other) = byBob ? (s.bob, dave) : (dave, s.bob)
        #expect(try await owner.put("/v1/users/\(other.id)/block").status == 204)
        try await expect(s, dave, bobIsHidden: true)
        try await expect(s, s.alice, bobIsHidden: false)
        // What is hidden can't be replied to, edited or deleted; what is below it can be replied to.
        let reply = try await dave.post("/v1/posts/\(s.post)/comments", .comment("x", below: s.top))
        #expect(reply.isProblem(404, "not_found", field: "parent"))
        #expect(try await dave.edit(s.top, "x").isProblem(404, "not_found"))
        #expect(try await dave.delete("/v1/comments/\(s.top)").isProblem(404, "not_found"))
        #expect(try await dave.post("/v1/posts/\(s.post)/comments", .comment("x", below: s.middle)).status == 201)
    }

    @Test func hiddenOnesLeaveNoGap() async throws {
        let (alice, bob, carol) = (try await site.signUp(), try await site.signUp(), try await site.signUp())
        let post = try await alice.post(text: "hello")
        var seen: [String] = []
        for number in 0..<12 {
            let id = try await (number % 3 == 0 ? carol : bob).comment(on: post)
            if number % 3 == 0 { seen.append(id) }
        }
        #expect(try await alice.put("/v1/users/\(bob.id)/block").status == 204)
        for limit in [1, 2, 5, 12, 100] {
            #expect(try await alice.walk("/v1/posts/\(post)/comments", limit: limit) == seen)
        }
        // None of a page is seen, and there are more.
        let page = try await alice.get("/v1/posts/\(post)/comments?limit=1")
        let second = try await alice.get("/v1/posts/\(post)/comments?limit=1&cursor=\(page.next!)")
        #expect(second.ids.isEmpty && second.next != nil)
    }

    @Test func aSuspendedAuthor() async throws {
        let s = try await scene()
        try await site.suspend(s.bob, seconds: 60)
        for reader in [s.alice, s.carol, site.stranger()] as [any Caller] {
            try await expect(s, reader, bobIsHidden: true)
        }
        try await expect(s, s.bob, bobIsHidden: false)
        #expect(try await s.bob.edit(s.top, "x").isProblem(403, "account_suspended"))
        // The post's author may delete it all the same.
        try await s.alice.delete(comment: s.last)
        try await site.pass(seconds: 61)
        try await site.runUpkeep()
        #expect(try await s.carol.get("/v1/comments/\(s.top)/replies").ids == [s.middle])
        #expect(try await s.carol.comments(on: s.post) == 2)
    }

    /// Who sees the post sees what private accounts say there; a mute hides nothing.
    @Test func privateAndMutedOnesAreSeen() async throws {
        let s = try await scene()
        let response = try await s.bob.send("PATCH", "/v1/me", body: Array(#"{"private":true}"#.utf8))
        #expect(response.status == 200)
        #expect(try await s.carol.put("/v1/users/\(s.bob.id)/mute").status == 204)
        for reader in [s.alice, s.carol, site.stranger()] as [any Caller] {
            try await expect(s, reader, bobIsHidden: false)
        }
    }

    @Test func whoDoesNotSeeThePostSeesNothing() async throws {
        let s = try await scene()
        let response = try await s.alice.send("PATCH", "/v1/me", body: Array(#"{"private":true}"#.utf8))
        #expect(response.status == 200)
        for reader in [s.carol, s.bob, site.stranger()] as [any Caller] {
            for path in ["/v1/posts/\(s.post)/comments", "/v1/comments/\(s.top)", "/v1/comments/\(s.top)/replies"] {
                #expect(try await reader.get(path).isProblem(404, "not_found"))
            }
        }
        #expect(try await s.bob.post("/v1/posts/\(s.post)/comments", ["text": "x"]).isProblem(404, "not_found"))
        #expect(try await s.bob.edit(s.top, "x").isProblem(404, "not_found"))
        #expect(try await s.carol.delete("/v1/comments/\(s.top)").isProblem(404, "not_found"))
        // One's own words can be taken back, wherever they are.
        try await s.bob.delete(comment: s.last)
        try await s.alice.delete(comment: s.top)
        #expect(try await s.alice.get("/v1/comments/\(s.top)")["deleted"].bool == true)
    }
}
