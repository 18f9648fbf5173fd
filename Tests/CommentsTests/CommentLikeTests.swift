import Core
import Store
import TestSite
import Testing

/// `PUT` and `DELETE /v1/comments/{id}/like`, and rankings that follow from them.
@Suite(.site, .serialized) struct CommentLikeTests {
    private let site = TestSite.current

    private func like(_ comment: String, by user: TestUser, _ method: String = "PUT") async throws {
        let response = try await user.send(method, "/v1/comments/\(comment)/like")
        guard response.status == 204 else { throw UnexpectedResponse(response: response) }
    }

    private func likes(of comment: String, to caller: any Caller) async throws -> Int64? {
        try await caller.get("/v1/comments/\(comment)")["counts"]["likes"].integer
    }

    @Test func aLikeAndItsEnd() async throws {
        let (alice, bob) = (try await site.signUp(), try await site.signUp())
        let post = try await alice.post(text: "hello")
        let comment = try await alice.comment(on: post)
        let reply = try await alice.comment(on: post, below: comment)
        for _ in 0..<2 { try await like(comment, by: bob) }
        try await like(reply, by: bob)
        let shown = try await bob.get("/v1/comments/\(comment)")
        #expect(shown["counts"]["likes"].integer == 1 && shown["liked"].bool == true)
        #expect(try await alice.get("/v1/comments/\(comment)")["liked"].bool == false)
        #expect(try await site.stranger().get("/v1/comments/\(comment)")["liked"].isNull)
        let listed = try await bob.get("/v1/posts/\(post)/comments").items[0]
        #expect(listed["liked"].bool == true && listed["replies_preview"][0]["liked"].bool == true)
        for _ in 0..<2 { try await like(comment, by: bob, "DELETE") }
        #expect(try await likes(of: comment, to: bob) == 0)
        // An event says nothing of who is told.
        #expect(try await bob.edit(comment, "x").status == 403)
        #expect(try await alice.edit(comment, "x")["liked"].bool == false)
        #expect(try await bob.put("/v1/comments/1/like").isProblem(404, "not_found"))
        #expect(try await bob.put("/v1/comments/\(post)/like").isProblem(404, "not_found"))
        #expect(try await site.stranger().put("/v1/comments/\(comment)/like").isProblem(401, "unauthenticated"))
    }

    @Test func whatIsLikedComesFirst() async throws {
        let users = try await concurrently(5) { _ in try await site.signUp() }
        let post = try await users[0].post(text: "hello")
        var comments: [String] = []
        for number in 0..<4 { comments.append(try await users[0].comment("\(number)", on: post)) }
        for (comment, count) in [(1, 2), (2, 4), (0, 1)] {
            for user in users.prefix(count) { try await like(comments[comment], by: user) }
        }
        func top() async throws -> [String] { try await users[0].get("/v1/posts/\(post)/comments?sort=top").ids }
        #expect(try await top() == [2, 1, 0, 3].map { comments[$0] })
        for user in users.prefix(4) { try await like(comments[2], by: user, "DELETE") }
        for user in users { try await like(comments[3], by: user) }
        try await site.pass(seconds: 31)
        #expect(try await top() == [3, 1, 0, 2].map { comments[$0] })
    }

    /// What is liked is gone with its likes; what stays without its author is liked no more.
    @Test func likesGoWithTheirComment() async throws {
        let (alice, bob) = (try await site.signUp(), try await site.signUp())
        let post = try await alice.post(text: "hello")
        let (lone, top) = (try await alice.comment(on: post), try await alice.comment(on: post))
        let reply = try await bob.comment(on: post, below: top)
        for comment in [lone, top] { try await like(comment, by: bob) }
        for comment in [lone, top] { try await alice.delete(comment: comment) }
        #expect(try await bob.put("/v1/comments/\(top)/like").isProblem(404, "not_found"))
        #expect(try await bob.get("/v1/comments/\(top)")["liked"].isNull)
        func left(_ comment: String) async throws -> Int {
            try await site.database.query("SELECT user_id FROM likes WHERE object_id = \(ID(comment)!)").count
        }
        #expect(try await left(lone) == 0)
        try await bob.delete(comment: reply)
        #expect(try await left(top) == 0)
    }

    /// Likes of many at once, while comments go: numbers are right, and nothing is liked that is not there.
    @Test func manyAtOnce() async throws {
        let users = try await concurrently(8) { _ in try await site.signUp() }
        let post = try await users[0].post(text: "hello")
        var comments: [String] = []
        for _ in 0..<4 { comments.append(try await users[0].comment(on: post)) }
        let all = comments
        _ = try await concurrently(32) { number in
            for step in 0..<10 {
                let method = (number + step) % 3 == 0 ? "DELETE" : "PUT"
                let response = try await users[number % 8].send(
                    method, "/v1/comments/\(all[(number + step) % 4])/like")
                guard [204, 404].contains(response.status) else { throw UnexpectedResponse(response: response) }
            }
            if number == 20 { try await users[0].delete(comment: all[3]) }
        }
        for comment in comments.prefix(3) {
            let rows = try await site.database.query("SELECT user_id FROM likes WHERE object_id = \(ID(comment)!)")
            #expect(try await likes(of: comment, to: users[0]) == Int64(rows.count))
        }
        let gone = try await site.database.query(
            """
            SELECT object_id FROM likes WHERE object_id = \(ID(comments[3])!)
            UNION ALL SELECT object_id FROM counters WHERE object_id = \(ID(comments[3])!)
            UNION ALL SELECT comment_id FROM comment_scores WHERE comment_id = \(ID(comments[3])!)
            """)
        #expect(gone.isEmpty)
    }
}
