import TestSite
import Testing

/// `GET /v1/feed`: pages.
@Suite(.site) struct FeedPageTests {
    private let site = TestSite.current

    /// Two users, of whom the second follows the first and has read an empty feed: so it is a timeline in Redis.
    private func pair() async throws -> (TestUser, TestUser) {
        let (alice, bob) = (try await site.signUp(), try await site.signUp())
        try await bob.follow(alice)
        for user in [alice, bob] { #expect(try await user.walk() == []) }
        return (alice, bob)
    }

    @Test func ownAndFollowedPosts() async throws {
        let (alice, bob) = try await pair()
        _ = try await site.signUp().post(text: "not for bob")
        var ids: [String] = []
        for user in [alice, bob, alice, bob, alice] { ids.append(try await user.post(text: "x")) }
        #expect(try await bob.walk() == [ids[3], ids[1]])
        try await site.settle()
        let page = try await bob.get("/v1/feed")
        #expect(page.ids == ids.reversed() && page.next == nil && page["live"].string?.isEmpty == false)
        #expect(page.header("Cache-Control") == "private, no-cache")
        let post = try await bob.get("/v1/posts/\(ids[4])")
        #expect(page.items[0] == post.json)
    }

    @Test func aNewFeedIsEmptyAndLive() async throws {
        let page = try await site.signUp().get("/v1/feed")
        #expect(page.json.object?.keys == ["items", "live"] && page.ids == [])
    }

    /// Every older post once, in order, while more arrive.
    @Test(arguments: [1, 7, 40]) func pagesWhilePostsArrive(_ limit: Int) async throws {
        let (alice, bob) = try await pair()
        let ids = try await alice.posts(120)
        try await site.settle()
        var seen: [String] = []
        var query = "?limit=\(limit)"
        while true {
            let page = try await bob.get("/v1/feed" + query)
            seen += page.ids
            _ = try await alice.post(text: "meanwhile")
            try await site.settle()
            guard let next = page.next else { break }
            query = "?limit=\(limit)&cursor=\(next)"
        }
        #expect(seen == ids.reversed())
    }

    /// Below what a timeline keeps there is no wall: every post once, in order, over what is stored and what is merged.
    @Test func aWalkPastTheTimeline() async throws {
        let (alice, bob) = try await pair()
        let carol = try await site.signUp()
        let old = try await carol.posts(450)
        try await bob.follow(carol)
        var new: [String] = []
        for _ in 0..<9 {
            new += try await alice.posts(100)
            try await site.settle()
        }
        #expect(try await bob.walk() == (old + new).reversed())
        try await bob.unfollow(carol)
        #expect(try await bob.walk(limit: 90) == new.reversed())
    }

    @Test func deletedPostsAreGoneAtOnce() async throws {
        let (alice, bob) = try await pair()
        var ids = try await alice.posts(10)
        try await site.settle()
        for place in [9, 4, 0] {
            #expect(try await alice.delete("/v1/posts/\(ids.remove(at: place))").status == 204)
            for reader in [alice, bob] { #expect(try await reader.walk(limit: 3) == ids.reversed()) }
        }
        try await site.settle()
        for reader in [alice, bob] { #expect(try await reader.walk(limit: 3) == ids.reversed()) }
    }

    /// A page that ends at a deleted post goes on behind it.
    @Test func aDeleteBetweenTwoPages() async throws {
        let (alice, bob) = try await pair()
        let ids = try await alice.posts(9)
        try await site.settle()
        let first = try await bob.get("/v1/feed?limit=3")
        #expect(first.ids == ids[6...].reversed())
        for gone in [ids[6], ids[5]] { #expect(try await alice.delete("/v1/posts/\(gone)").status == 204) }
        #expect(try await bob.get("/v1/feed?limit=3&cursor=\(first.next!)").ids == ids[2...4].reversed())
    }

    /// A page is cut at 256 KB; nothing is left out by that.
    @Test func aPageIsCutByBytes() async throws {
        let (alice, bob) = try await pair()
        let text = String(repeating: "🐦", count: 5000)
        var ids: [String] = []
        for _ in 0..<16 { ids.append(try await alice.post(text: text)) }
        try await site.settle()
        let pages = try await bob.pages()
        #expect(pages.flatMap(\.ids) == ids.reversed() && pages.map(\.ids.count) == [12, 4])
        #expect(pages.allSatisfy { $0.body.count < 262_144 + 1024 })
    }

    /// A cursor of another user, of another list, or altered: 400 with its name, not an empty page.
    @Test func cursorsOfOthers() async throws {
        let (alice, bob) = try await pair()
        _ = try await alice.posts(4)
        try await site.settle()
        let page = try await bob.get("/v1/feed?limit=2")
        let ofList = try await bob.get("/v1/users/\(alice.id)/posts?limit=1").next!
        let ofAlice = try await alice.get("/v1/feed?limit=2")
        for cursor in [ofAlice.next!, ofList, page["live"].string!, "", "abc"] + everyChange(page.next!) {
            let response = try await bob.get("/v1/feed?cursor=\(cursor)")
            #expect(response.isProblem(400, "invalid_cursor", field: "cursor"))
        }
        for since in [ofAlice["live"].string!, page.next!, "", "0"] + everyChange(page["live"].string!) {
            let response = try await bob.get("/v1/feed?since=\(since)")
            #expect(response.isProblem(400, "invalid_cursor", field: "since"))
        }
        #expect(try await bob.get("/v1/feed?cursor=\(page.next!)").ids.count == 2)
    }

    /// `If-None-Match` with the `ETag`: 304 without a body until something changes.
    @Test func whatIsTheSameIsNotSentAgain() async throws {
        let (alice, bob) = try await pair()
        _ = try await alice.post(text: "first")
        try await site.settle()
        let tag = try await bob.get("/v1/feed").header("ETag")!
        func status(_ given: String, _ query: String = "") async throws -> Int {
            try await bob.get("/v1/feed" + query, ["If-None-Match": given]).status
        }
        let response = try await bob.get("/v1/feed", ["If-None-Match": tag])
        #expect(response.status == 304 && response.body.isEmpty && response.header("ETag") == tag)
        for same in [tag, "\"other\", \(tag)", String(tag.dropFirst(2)), "*"] { #expect(try await status(same) == 304) }
        #expect(try await status("\"other\"") == 200)
        // What nobody sees of it changes nothing: the position has moved.
        let mine = try await bob.post(text: "for a moment")
        #expect(try await status(tag) == 200)
        #expect(try await bob.delete("/v1/posts/\(mine)").status == 204)
        try await site.settle()
        #expect(try await status(tag) == 304)
        let second = try await alice.post(text: "second")
        try await site.settle()
        let changed = try await bob.get("/v1/feed", ["If-None-Match": tag])
        #expect(changed.status == 200 && changed.header("ETag") != tag)
        #expect(try await status(tag, "?limit=1") == 200)
        #expect(try await alice.delete("/v1/posts/\(second)").status == 204)
        #expect(try await status(changed.header("ETag")!) == 200)
        #expect(try await status(tag) == 304)
    }

    @Test func theShortForm() async throws {
        let (alice, bob) = try await pair()
        let id = try await bob.post(text: "x")
        #expect(try await bob.get("/feeds/\(bob.id)").ids == [id])
        let live = try await bob.get("/v1/feed")["live"].string!
        for user in [alice.id, "1", "9007199254740991"] {
            for query in ["", "?limit=1", "?since=\(live)", "?since=\(live)&wait=1", "?cursor=x"] {
                #expect(try await bob.get("/feeds/\(user)" + query).isProblem(403, "forbidden"))
            }
            #expect(try await bob.get("/feeds/\(user)", ["If-None-Match": "*"]).isProblem(403, "forbidden"))
        }
        for user in ["0" + bob.id, "+" + bob.id, "@" + bob.handle, bob.handle] {
            #expect(try await bob.get("/feeds/\(user)").isProblem(404, "not_found"))
        }
    }
}
