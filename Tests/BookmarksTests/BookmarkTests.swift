import TestSite
import Testing

/// `PUT` and `DELETE /v1/posts/{id}/bookmark`, `GET /v1/me/bookmarks`.
@Suite(.site) struct BookmarkTests {
    private let site = TestSite.current
    private let list = "/v1/me/bookmarks"

    private func add(_ post: String, by reader: TestUser) async throws -> Int {
        try await reader.put("/v1/posts/\(post)/bookmark").status
    }

    /// Newest bookmark first, whatever the posts' order; one that is made again keeps its place.
    @Test func newestBookmarkFirstOverPages() async throws {
        let (alice, bob) = (try await site.signUp(), try await site.signUp())
        let posts = try await alice.posts(5)
        let order = [2, 0, 4, 1, 3].map { posts[$0] }
        for post in order + [order[0]] { #expect(try await add(post, by: bob) == 204) }
        for limit in [1, 2, 5, 100] { #expect(try await bob.walk(list, limit: limit) == order.reversed()) }
        #expect(try await alice.get(list).ids.isEmpty)
    }

    @Test func aDeletedPostLeavesThem() async throws {
        let (alice, bob) = (try await site.signUp(), try await site.signUp())
        let posts = try await alice.posts(3)
        for post in posts { #expect(try await add(post, by: bob) == 204) }
        #expect(try await alice.delete("/v1/posts/\(posts[1])").status == 204)
        #expect(try await bob.walk(list, limit: 1) == [posts[2], posts[0]])
        #expect(try await bob.put("/v1/posts/\(posts[1])/bookmark").isProblem(404, "not_found"))
    }

    @Test func removedIsRemovedHoweverOften() async throws {
        let alice = try await site.signUp()
        let post = try await alice.posts(1)[0]
        #expect(try await add(post, by: alice) == 204)
        for _ in 0..<2 { #expect(try await alice.delete("/v1/posts/\(post)/bookmark").status == 204) }
        #expect(try await alice.get(list).ids.isEmpty)
    }

    @Test func whatIsNotThereIsNotFound() async throws {
        let alice = try await site.signUp()
        for post in ["1", "x", "9007199254740993"] {
            #expect(try await alice.put("/v1/posts/\(post)/bookmark").isProblem(404, "not_found"))
        }
        #expect(try await site.stranger().get(list).isProblem(401, "unauthenticated"))
    }

    @Test func cursorsBelongToTheirCaller() async throws {
        let (alice, bob) = (try await site.signUp(), try await site.signUp())
        for post in try await alice.posts(2) {
            for reader in [alice, bob] { #expect(try await add(post, by: reader) == 204) }
        }
        let next = try #require(try await alice.get(list + "?limit=1").next)
        #expect(try await alice.get("\(list)?cursor=\(next)").ids.count == 1)
        #expect(try await bob.get("\(list)?cursor=\(next)").isProblem(400, "invalid_cursor", field: "cursor"))
    }
}
