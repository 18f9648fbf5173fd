import Core
import TestSite
import Testing

/// `GET /v1/users/{id}/posts`.
@Suite(.site) struct PostListTests {
    private let site = TestSite.current

    /// Newest first over pages, without deleted ones; a page that ends at a deleted post goes on behind it.
    @Test func newestFirstOverPages() async throws {
        let (alice, bob) = (try await site.signUp(), try await site.signUp())
        var ids = try await alice.posts(12)
        #expect(try await alice.delete("/v1/posts/\(ids.remove(at: 5))").status == 204)
        let path = "/v1/users/\(alice.id)/posts"
        for (reader, limit) in [(alice, 5), (bob, 5), (bob, 1), (bob, 11), (bob, 100)] {
            #expect(try await reader.walk(path, limit: limit) == ids.reversed())
        }
        let first = try await bob.get(path + "?limit=3")
        #expect(try await alice.delete("/v1/posts/\(first.ids[2])").status == 204)
        _ = try await alice.post(text: "meanwhile")
        let second = try await bob.get("\(path)?limit=3&cursor=\(first.next!)")
        #expect(second.ids == Array(ids.reversed()[3..<6]))
        #expect(try await alice.get("/v1/me")["posts"].integer == 11)
    }

    @Test func thirtyUnlessItIsSaid() async throws {
        let alice = try await site.signUp()
        let ids = try await alice.posts(31)
        let page = try await alice.get("/v1/users/\(alice.id)/posts")
        #expect(page.ids == ids[1...].reversed() && page.next != nil)
        let rest = try await alice.get("/v1/users/\(alice.id)/posts?cursor=\(page.next!)")
        #expect(rest.ids == [ids[0]] && rest.next == nil)
    }

    /// A page is cut at 256 KB, not in the middle of a post, and says where it goes on.
    @Test func aPageIsCutByBytes() async throws {
        let alice = try await site.signUp()
        let text = String(repeating: "🐦", count: 5000)
        var ids: [String] = []
        for _ in 0..<16 { ids.append(try await alice.post(text: text)) }
        let pages = try await alice.pages("/v1/users/\(alice.id)/posts")
        #expect(pages.flatMap(\.ids) == ids.reversed() && pages.map(\.ids.count) == [12, 4])
        #expect(pages[0].body.count < 262_144 + 1024)
    }

    @Test func cursorsBelongToTheirListAndCaller() async throws {
        let (alice, bob) = (try await site.signUp(), try await site.signUp())
        for user in [alice, bob] { _ = try await user.posts(2) }
        let path = "/v1/users/\(alice.id)/posts"
        let cursor = try await alice.get(path + "?limit=1").next!
        #expect(try await alice.get("\(path)?cursor=\(cursor)").ids.count == 1)
        let foreign = try await alice.get("/v1/users/\(bob.id)/posts?limit=1").next!
        for cursor in everyChange(cursor) + [foreign, "abc", "", "..%2F..%2Fetc%2Fpasswd"] {
            let response = try await alice.get("\(path)?cursor=\(cursor)")
            #expect(response.isProblem(400, "invalid_cursor", field: "cursor"))
        }
        for caller: any Caller in [bob, site.stranger()] {
            let response = try await caller.get("\(path)?cursor=\(cursor)")
            #expect(response.isProblem(400, "invalid_cursor", field: "cursor"))
        }
    }

    @Test func ofWhoIsNotThere() async throws {
        #expect(try await site.stranger().get("/v1/users/1/posts").isProblem(404, "not_found"))
    }
}
