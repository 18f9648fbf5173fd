import Core
import Store
import TestSite
import Testing

/// `DELETE /v1/comments/{id}`, and what stays.
@Suite(.site, .serialized) struct RemovalTests {
    private let site = TestSite.current

    @Test func withoutRepliesItIsGone() async throws {
        let (alice, bob, carol) = (try await site.signUp(), try await site.signUp(), try await site.signUp())
        let post = try await alice.post(text: "hello")
        let (one, two) = (try await bob.comment(on: post), try await bob.comment(on: post))
        #expect(try await carol.delete("/v1/comments/\(one)").isProblem(403, "forbidden"))
        #expect(try await site.stranger().delete("/v1/comments/\(one)").isProblem(401, "unauthenticated"))
        try await bob.delete(comment: one)
        // The post's author may.
        try await alice.delete(comment: two)
        for comment in [one, two] {
            #expect(try await bob.get("/v1/comments/\(comment)").isProblem(404, "not_found"))
            #expect(try await bob.delete("/v1/comments/\(comment)").isProblem(404, "not_found"))
        }
        #expect(try await bob.get("/v1/posts/\(post)/comments").ids.isEmpty)
        #expect(try await bob.comments(on: post) == 0)
        #expect(try await count("SELECT id FROM comments WHERE post_id = \(ID(post)!)") == 0)
        #expect(try await count("SELECT object_id FROM counters WHERE object_id = \(ID(one)!)") == 0)
    }

    @Test func withRepliesItStaysUntilTheyGo() async throws {
        let (alice, bob) = (try await site.signUp(), try await site.signUp())
        let post = try await alice.post(text: "hello")
        let top = try await bob.comment("to be gone", on: post)
        let middle = try await bob.comment("this, too", on: post, below: top)
        let last = try await alice.comment("stays", on: post, below: middle)
        try await bob.delete(comment: top)
        let left = try await alice.get("/v1/comments/\(top)")
        #expect(left.json.object?.keys == ["id", "post_id", "thread_id", "deleted", "counts"])
        #expect(left["deleted"].bool == true && left["counts"]["replies"].integer == 2)
        #expect(try await alice.comments(on: post) == 2)
        try await bob.delete(comment: middle)
        #expect(try await alice.replies(of: top) == 1)
        #expect(try await alice.comments(on: post) == 1)
        let list = try await alice.get("/v1/posts/\(post)/comments")
        #expect(list.ids == [top] && list.items[0]["replies_preview"][0]["id"].string == last)
        #expect(list.items[0]["replies_preview"].array?.count == 1)
        let replies = try await alice.get("/v1/comments/\(top)/replies")
        #expect(replies.ids == [middle, last] && replies.items[0]["deleted"].bool == true)
        #expect(replies.items[0]["parent_id"].string == top && replies.items[0]["text"].isNull)
        let words = try await site.database.query(
            "SELECT text, author_id FROM comments WHERE id = ANY (\([ID(top)!, ID(middle)!])::bigint[])")
        #expect(try words.allSatisfy { try $0.text("text").isEmpty && $0.optionalID("author_id") == nil })
        // It is nobody's any more.
        for user in [alice, bob] {
            #expect(try await user.delete("/v1/comments/\(top)").isProblem(404, "not_found"))
            #expect(try await user.edit(top, "x").isProblem(404, "not_found"))
            let reply = try await user.post("/v1/posts/\(post)/comments", .comment("x", below: top))
            #expect(reply.isProblem(404, "not_found", field: "parent"))
        }
        try await alice.delete(comment: last)
        for comment in [top, middle, last] { #expect(try await alice.get("/v1/comments/\(comment)").status == 404) }
        #expect(try await count("SELECT id FROM comments WHERE post_id = \(ID(post)!)") == 0)
        #expect(try await count("SELECT id FROM comment_replies WHERE ancestor_id = \(ID(top)!)") == 0)
        #expect(try await alice.comments(on: post) == 0)
    }

    /// Another branch below it keeps it.
    @Test func itStaysForTheSakeOfAnyone() async throws {
        let alice = try await site.signUp()
        let post = try await alice.post(text: "hello")
        let top = try await alice.comment(on: post)
        let branches = [
            try await alice.comment(on: post, below: top), try await alice.comment(on: post, below: top),
        ]
        let leaf = try await alice.comment(on: post, below: branches[0])
        for comment in [top, branches[0], leaf] { try await alice.delete(comment: comment) }
        #expect(try await alice.get("/v1/comments/\(branches[0])").status == 404)
        #expect(try await alice.get("/v1/comments/\(top)")["counts"]["replies"].integer == 1)
        try await alice.delete(comment: branches[1])
        #expect(try await alice.get("/v1/comments/\(top)").status == 404)
    }

    /// Those who come and go at once leave numbers that are right, and nothing that is there for nobody's sake.
    @Test func manyAtOnce() async throws {
        let users = try await concurrently(6) { _ in try await site.signUp() }
        let post = try await users[0].post(text: "crowded")
        let top = try await users[0].comment(on: post)
        _ = try await concurrently(24) { number in
            let user = users[number % users.count]
            var mine: [String] = []
            for step in 0..<12 {
                let known = try await user.get("/v1/comments/\(top)/replies?limit=20").ids
                let parent = step % 3 == 0 ? top : known.randomElement() ?? top
                let made = try await user.post("/v1/posts/\(post)/comments", .comment("x", below: parent))
                // Its parent may have gone, or be at the last level.
                if let id = made["id"].string, made.status == 201 { mine.append(id) }
                guard [201, 404, 409].contains(made.status) else { throw UnexpectedResponse(response: made) }
                if step % 2 == 1, let id = mine.randomElement() {
                    let gone = try await user.delete("/v1/comments/\(id)")
                    guard [204, 404].contains(gone.status) else { throw UnexpectedResponse(response: gone) }
                }
            }
        }
        try await expectRight(post)
        // All who are left go, at once.
        let left = try await users[0].walk("/v1/comments/\(top)/replies")
        _ = try await concurrently(left.count) { number in
            let gone = try await users[0].delete("/v1/comments/\(left[number])")
            guard [204, 404].contains(gone.status) else { throw UnexpectedResponse(response: gone) }
        }
        try await expectRight(post)
        #expect(try await users[0].get("/v1/comments/\(top)/replies").ids.isEmpty)
        #expect(try await users[0].comments(on: post) == 1)
    }

    private func expectRight(_ post: String) async throws {
        #expect(try await site.wrongCounts().count == 0)
        let idle = try await count(
            """
            SELECT id FROM comments c WHERE c.post_id = \(ID(post)!) AND c.deleted_at IS NOT NULL AND NOT EXISTS (
                SELECT FROM comment_replies r JOIN comments b ON b.id = r.id
                WHERE r.ancestor_id = c.id AND b.deleted_at IS NULL)
            """)
        let orphans = try await count(
            """
            SELECT id FROM comments c WHERE c.post_id = \(ID(post)!) AND parent_id IS NOT NULL
                AND NOT EXISTS (SELECT FROM comments p WHERE p.id = c.parent_id)
            """)
        #expect(idle == 0 && orphans == 0)
    }

    /// The audit finds what is wrong, on posts and below comments.
    @Test func theAuditOfNumbers() async throws {
        let alice = try await site.signUp()
        let post = try await alice.post(text: "hello")
        let top = try await alice.comment(on: post)
        _ = try await alice.comment(on: post, below: top)
        #expect(try await site.wrongCounts().isEmpty)
        func add(_ replies: Int, to id: String) async throws {
            try await site.database.query(
                "UPDATE counters SET replies = replies + \(replies)::bigint WHERE object_id = \(ID(id)!)")
        }
        try await add(5, to: post)
        try await add(-1, to: top)
        let found = try await site.wrongCounts().map { "\($0.name) \($0.id) \($0.counted) \($0.found)" }
        #expect(found == ["comments \(post) 7 2", "replies \(top) 0 1"])
        try await add(-5, to: post)
        try await add(1, to: top)
    }

    private func count(_ rows: SQL) async throws -> Int { try await site.database.query(rows).count }
}
