import Core
import Store
import TestSite
import Testing

/// Hashtags: their pages, their numbers, and which are popular.
@Suite(.site, .serialized) struct TagTests {
    private let site = TestSite.current

    private func escaped(_ text: String) -> String {
        text.percentEscaped
    }

    private func tag(_ name: String, _ path: String = "", as caller: (any Caller)? = nil) async throws -> TestResponse {
        try await (caller ?? site.stranger()).get("/v1/tags/\(escaped(name))\(path)")
    }

    private func count(_ name: String) async throws -> Int64? { try await tag(name)["posts"].integer }

    private func write(_ author: TestUser, _ text: String, _ visibility: String) async throws -> String {
        try await author.post("/v1/posts", ["text": .string(text), "visibility": .string(visibility)])["id"].string
            ?? ""
    }

    private func edit(_ user: TestUser, _ post: String, _ text: String) async throws {
        let response = try await user.send(
            "PATCH", "/v1/posts/\(post)", body: Array(JSONValue.object(["text": .string(text)]).text.utf8))
        #expect(response.status == 200)
    }

    @Test func aTagHasOnePageInAllSpellings() async throws {
        let alice = try await site.signUp()
        let first = try await alice.post(text: "#Ｓéoul서울")
        let second = try await alice.post(text: "#SE\u{301}OUL\u{1109}\u{1165}\u{110B}\u{116E}\u{11AF} again")
        for name in ["séoul서울", "SÉOUL서울", "ｓéoul\u{1109}\u{1165}\u{110B}\u{116E}\u{11AF}"] {
            let found = try await tag(name)
            #expect(found.status == 200 && found["name"].string == "séoul서울" && found["display"].string == "Ｓéoul서울")
            #expect(found["posts"].integer == 2)
            #expect(try await tag(name, "/posts").ids == [second, first])
        }
        for name in ["seoul서울", "nobody_has_this", "1", "a b", "\u{301}"] {
            #expect(try await tag(name).isProblem(404, "not_found"), "\(name)")
            #expect(try await tag(name, "/posts").isProblem(404, "not_found"), "\(name)")
        }
    }

    /// A number is that of the public posts, in each moment.
    @Test func numbersAreExact() async throws {
        let alice = try await site.signUp()
        let one = try await alice.post(text: "#exact #Exact #other1")
        #expect(try await count("exact") == 1)
        let two = try await alice.post(text: "#exact")
        #expect(try await count("exact") == 2)
        _ = try await write(alice, "#exact", "followers")
        _ = try await write(alice, "#exact", "mentioned")
        #expect(try await count("exact") == 2)
        try await edit(alice, one, "#other2 #other1")
        for (tag, number) in [("exact", 1), ("other2", 1), ("other1", 1)] {
            #expect(try await count(tag) == Int64(number), "\(tag)")
        }
        try await edit(alice, two, "#EXACT still")
        #expect(try await count("exact") == 1)
        for _ in 0..<2 { #expect(try await alice.delete("/v1/posts/\(two)").status == 204) }
        #expect(try await tag("exact").status == 404)
        #expect(try await count("other1") == 1)
        try await edit(alice, one, "none")
        #expect(try await tag("other1").status == 404)
    }

    /// Posts that share tags in another order don't block each other.
    @Test func manyAtOnce() async throws {
        var users: [TestUser] = []
        for _ in 0..<6 { users.append(try await site.signUp()) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (index, user) in users.enumerated() {
                group.addTask {
                    for round in 0..<8 {
                        let tags = ["#crowd_a", "#crowd_b", "#crowd_c", "#crowd_\(round)"]
                        let text = (index % 2 == 0 ? tags : tags.reversed()).joined(separator: " ")
                        let post = try await user.post(text: text)
                        try await edit(user, post, "#crowd_d #crowd_a")
                        if round % 2 == 0 { #expect(try await user.delete("/v1/posts/\(post)").status == 204) }
                    }
                }
            }
            try await group.waitForAll()
        }
        for tag in ["crowd_a", "crowd_d"] { #expect(try await count(tag) == 24, "\(tag)") }
        #expect(try await tag("crowd_b").status == 404)
        try await expectExactNumbers()
    }

    private func expectExactNumbers() async throws {
        let wrong = try await site.database.query(
            """
            SELECT COALESCE(c.tag, t.tag) AS tag FROM (SELECT tag, sum(posts) AS n FROM tag_counts GROUP BY tag) c
            FULL JOIN (SELECT tag, count(*) AS n FROM post_tags GROUP BY tag) t ON t.tag = c.tag
            WHERE COALESCE(c.n, 0) <> COALESCE(t.n, 0)
            """)
        #expect(wrong.isEmpty)
    }

    @Test func whatAReaderSeesOfIt() async throws {
        let (alice, bob, carol) = (try await site.signUp(), try await site.signUp(), try await site.signUp())
        var posts: [String] = []
        for number in 0..<5 {
            posts.insert(try await (number % 2 == 0 ? alice : bob).post(text: "#seen \(number)"), at: 0)
        }
        #expect(try await carol.walk("/v1/tags/seen/posts", limit: 2) == posts)
        let page = try await carol.get("/v1/tags/SEEN/posts?limit=2")
        #expect(try await carol.get("/v1/tags/seen/posts?limit=2&cursor=\(page.next!)").ids == Array(posts[2..<4]))
        #expect(try await carol.get("/v1/tags/other/posts?cursor=\(page.next!)").isProblem(400, "invalid_cursor"))
        #expect(try await bob.put("/v1/users/\(carol.id)/block").status == 204)
        let ofAlice = [posts[0], posts[2], posts[4]]
        #expect(try await carol.walk("/v1/tags/seen/posts") == ofAlice)
        #expect(try await alice.send("PATCH", "/v1/me", body: Array(#"{"private":true}"#.utf8)).status == 200)
        #expect(try await carol.walk("/v1/tags/seen/posts") == [])
        try await site.suspend(bob)
        #expect(try await site.stranger().walk("/v1/tags/seen/posts") == [])
        #expect(try await count("seen") == 5)
    }

    @Test func whichArePopular() async throws {
        let (alice, bob) = (try await site.signUp(), try await site.signUp())
        for _ in 0..<3 { _ = try await alice.post(text: "#alone") }
        for user in [alice, bob] { _ = try await user.post(text: "#Together") }
        _ = try await write(alice, "#hidden_one", "followers")
        func popular(_ limit: Int = 100) async throws -> [JSONValue] {
            try await site.runJobs()
            return try await site.stranger().get("/v1/tags/popular?limit=\(limit)").items
        }
        let mine = try await popular().filter { ["alone", "together"].contains($0["name"].string) }
        #expect(mine.map { $0["display"].string } == ["Together", "alone"])
        #expect(mine.map { $0["posts_today"].integer } == [2, 3] && mine.map { $0["users_today"].integer } == [2, 1])
        #expect(mine.map { $0["posts"].integer } == [2, 3])
        #expect(try await popular(1).count == 1)
        let names = try await popular().map { $0["name"].string }
        #expect(!names.contains("hidden_one"))
        // Its own page has another spelling.
        _ = try await alice.post(text: "#popular")
        #expect(try await tag("Popular")["posts"].integer == 1)
        #expect(try await tag("popular", "/posts").items.count == 1)
        try await site.suspend(bob)
        let without = try await popular().first { $0["name"].string == "together" }
        #expect(without?["posts_today"].integer == 1)
        try await site.pass(seconds: 86_500)
        #expect(try await popular().isEmpty)
    }

    /// Posts that a version before has written get tags and mentions, once they are a minute old.
    @Test func oldPostsAreRead() async throws {
        let (alice, bob) = (try await site.signUp(), try await site.signUp())
        let posts = try await alice.posts(250)
        let hidden = try await write(alice, "x", "followers")
        let deleted = try await alice.post(text: "x")
        #expect(try await alice.delete("/v1/posts/\(deleted)").status == 204)
        let new = try await alice.post(text: "#before_all")
        try await site.database.query(
            """
            UPDATE posts SET tags = NULL, text = '#before_all @' || \(bob.handle)
            WHERE author_id = \(ID(alice.id)!) AND id <> \(ID(new)!)
            """)
        try await site.runJobs()
        #expect(try await count("before_all") == 1)
        try await site.pass(seconds: 120)
        try await site.runJobs()
        #expect(try await count("before_all") == 251)
        for post in [posts[0], posts[249], hidden] {
            let read = try await alice.get("/v1/posts/\(post)")
            #expect(read["tags"].array?.count == 1)
            #expect(read["mentions"].array?.first?["id"].string == (post == hidden ? nil : bob.id))
        }
        try await expectExactNumbers()
        // Nothing is read twice, and what such a version writes still is.
        try await site.database.query("UPDATE posts SET tags = NULL WHERE id = \(ID(posts[0])!)")
        let late = try await alice.post(text: "x")
        try await site.database.query("UPDATE posts SET tags = NULL, text = '#late' WHERE id = \(ID(late)!)")
        try await site.pass(seconds: 120)
        try await site.runJobs()
        #expect(try await count("late") == 1)
        let first = try await alice.get("/v1/posts/\(posts[0])")
        #expect(first["tags"].isNull)
    }

    /// Who leaves takes posts out of tags, and his name out of others' posts, whose text stays.
    @Test func whoLeaves() async throws {
        let (alice, bob) = (try await site.signUp(), try await site.signUp())
        for _ in 0..<3 { _ = try await alice.post(text: "#leaving #staying") }
        let of = try await bob.post(text: "@\(alice.handle) @\(bob.handle) #staying")
        let asked = try await alice.post("/v1/me/deletion?grace=0", ["password": .string(TestUser.password)])
        try await eventually {
            try await site.settle()
            try await site.runJobs()
            let path = "/v1/deletions/\(asked["id"].string!)?key=\(asked["key"].string!)"
            return try await site.stranger().get(path)["state"].string == "done"
        }
        #expect(try await tag("leaving").status == 404)
        #expect(try await count("staying") == 1)
        try await expectExactNumbers()
        let read = try await bob.get("/v1/posts/\(of)")
        #expect(read["text"].string == "@\(alice.handle) @\(bob.handle) #staying")
        #expect(read["mentions"].array?.map { $0["id"].string } == [bob.id])
        let kept = try await site.database.query(
            "SELECT \(ID(alice.id)!) = ANY (mentions) AS is_named FROM posts WHERE id = \(ID(of)!)")
        #expect(try kept[0].bool("is_named") == false)
    }
}
