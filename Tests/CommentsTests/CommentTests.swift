import Core
import TestSite
import Testing

/// `/v1/posts/{id}/comments` and `/v1/comments/{id}`.
@Suite(.site, .serialized) struct CommentTests {
    private let site = TestSite.current

    @Test func aCommentAndAReply() async throws {
        let (alice, bob) = (try await site.signUp(), try await site.signUp())
        let post = try await alice.post(text: "hello")
        let created = rfc3339(milliseconds: site.clock.milliseconds())
        let response = try await bob.post("/v1/posts/\(post)/comments", ["text": " Hi \n"])
        #expect(response.status == 201)
        let id = try #require(response["id"].string)
        #expect(response.header("Location") == "/v1/comments/\(id)")
        #expect(response["post_id"].string == post && response["thread_id"].string == id)
        #expect(response["parent_id"].isNull && response["text"].string == "Hi")
        #expect(response["author"]["id"].string == bob.id && response["created_at"].string == created)
        #expect(response["counts"] == ["likes": 0, "replies": 0, "version": 0])
        let reply = try await alice.post("/v1/posts/\(post)/comments", .comment("Hi, bob", below: id))
        #expect(reply.status == 201 && reply["parent_id"].string == id && reply["thread_id"].string == id)
        let below = try await bob.comment("once more", on: post, below: reply["id"].string!)
        let third = try await site.stranger().get("/v1/comments/\(below)")
        #expect(third["thread_id"].string == id && third["parent_id"] == reply["id"])
        #expect(try await site.stranger().replies(of: id) == 2)
        #expect(try await site.stranger().replies(of: reply["id"].string!) == 1)
        #expect(try await site.stranger().comments(on: post) == 3)
        let shown = try await site.stranger().get("/v1/comments/\(id)")
        #expect(shown["counts"] == ["likes": 0, "replies": 2, "version": 2])
        #expect(shown.json.object?.keys == ["id", "post_id", "thread_id", "author", "text", "created_at", "counts"])
        #expect(response["liked"].bool == false)
    }

    @Test func whatIsRefused() async throws {
        let (alice, bob) = (try await site.signUp(), try await site.signUp())
        let (post, other) = (try await alice.post(text: "one"), try await alice.post(text: "two"))
        let path = "/v1/posts/\(post)/comments"
        for text: JSONValue in ["", " \n", "a\u{1}", .string(String(repeating: "x", count: 2001)), .null, 5] {
            #expect(try await bob.post(path, ["text": text]).isProblem(400, "invalid_field", field: "text"))
        }
        #expect(try await bob.post(path, ["text": .string(String(repeating: "é", count: 2000))]).status == 201)
        #expect(try await bob.post(path, [:]).isProblem(400, "missing_field", field: "text"))
        #expect(try await bob.post(path, ["text": "x", "media": "1"]).isProblem(400, "unknown_field", field: "media"))
        #expect(
            try await bob.post(path, ["text": "x", "parent": "x"]).isProblem(400, "invalid_field", field: "parent"))
        let elsewhere = try await bob.comment(on: other)
        for parent in ["1", elsewhere] {
            let response = try await bob.post(path, .comment("x", below: parent))
            #expect(response.isProblem(404, "not_found", field: "parent"))
        }
        #expect(try await bob.post("/v1/posts/1/comments", ["text": "x"]).isProblem(404, "not_found"))
        #expect(try await site.stranger().post(path, ["text": "x"]).isProblem(401, "unauthenticated"))
        #expect(try await bob.get(path + "?sort=best").isProblem(400, "invalid_field", field: "sort"))
        #expect(try await bob.get("/v1/posts/1/comments").isProblem(404, "not_found"))
        for address in ["/v1/comments/1", "/v1/comments/1/replies", "/v1/comments/\(post)"] {
            #expect(try await bob.get(address).isProblem(404, "not_found"))
        }
        #expect(try await alice.comments(on: post) == 1)
    }

    @Test func aThreadHasThirtyTwoLevels() async throws {
        let alice = try await site.signUp()
        let post = try await alice.post(text: "deep")
        var chain = [try await alice.comment(on: post)]
        for _ in 1..<32 { chain.append(try await alice.comment(on: post, below: chain.last)) }
        let tooDeep = try await alice.post("/v1/posts/\(post)/comments", .comment("x", below: chain.last))
        #expect(tooDeep.isProblem(409, "too_many", field: "parent"))
        let beside = try await alice.comment(on: post, below: chain[30])
        for (level, comment) in chain.enumerated() {
            let below = chain[(level + 1)...] + (level < 31 ? [beside] : [])
            #expect(try await alice.walk("/v1/comments/\(comment)/replies", limit: 7) == Array(below))
            #expect(try await alice.replies(of: comment) == Int64(below.count))
        }
        // From the last one up, each with what is left of those below it.
        for comment in chain.reversed() { try await alice.delete(comment: comment) }
        #expect(try await alice.comments(on: post) == 1)
        try await alice.delete(comment: beside)
        #expect(try await alice.get("/v1/posts/\(post)/comments").ids.isEmpty)
    }

    // MARK: Edits

    @Test func anEdit() async throws {
        let (alice, bob) = (try await site.signUp(), try await site.signUp())
        let post = try await alice.post(text: "hello")
        let comment = try await bob.comment("one", on: post)
        try await site.pass(seconds: 60)
        let edited = try await bob.edit(comment, " two ")
        #expect(edited.status == 200 && edited["text"].string == "two")
        #expect(edited["edited_at"].string == rfc3339(milliseconds: site.clock.milliseconds()))
        try await site.pass(seconds: 60)
        #expect(try await bob.edit(comment, "two").body == edited.body)
        #expect(try await bob.get("/v1/comments/\(comment)").body == edited.body)
        #expect(try await alice.edit(comment, "three").isProblem(403, "forbidden"))
        #expect(try await alice.edit("1", "three").isProblem(404, "not_found"))
        #expect(try await bob.edit(comment, "").isProblem(400, "invalid_field", field: "text"))
        for number in 2...100 { #expect(try await bob.edit(comment, .string("edit \(number)")).status == 200) }
        #expect(try await bob.edit(comment, "edit 101").isProblem(409, "too_many"))
        #expect(try await alice.delete("/v1/posts/\(post)").status == 204)
        #expect(try await bob.edit(comment, "three").isProblem(404, "not_found"))
    }

    @Test func aRepeatedWrite() async throws {
        let alice = try await site.signUp()
        let post = try await alice.post(text: "hello")
        let key = ["Idempotency-Key": "one"]
        let first = try await alice.post("/v1/posts/\(post)/comments", ["text": "x"], key)
        let again = try await alice.post("/v1/posts/\(post)/comments", ["text": "x"], key)
        #expect(first.status == 201 && again.isReplayed && again.body == first.body)
        let id = first["id"].string!
        let edits = [try await alice.edit(id, "y", key), try await alice.edit(id, "y", key)]
        #expect(edits.map(\.isReplayed) == [false, true] && edits[1]["text"].string == "y")
        let deletions = [
            try await alice.delete("/v1/comments/\(id)", key), try await alice.delete("/v1/comments/\(id)", key),
        ]
        #expect(deletions.map(\.status) == [204, 204] && deletions[1].isReplayed)
        #expect(try await alice.delete("/v1/comments/\(id)").isProblem(404, "not_found"))
        #expect(try await alice.comments(on: post) == 0)
    }

    // MARK: Who may comment

    @Test func whoMayComment() async throws {
        let (alice, bob, carol) = (try await site.signUp(), try await site.signUp(), try await site.signUp())
        try await bob.follow(alice)
        func made(_ access: JSONValue) async throws -> TestResponse {
            try await alice.post("/v1/posts", ["text": "x", "comments": access])
        }
        func statuses(_ post: String) async throws -> [Int] {
            var statuses: [Int] = []
            for user in [alice, bob, carol] {
                statuses.append(try await user.post("/v1/posts/\(post)/comments", ["text": "x"]).status)
            }
            return statuses
        }
        for (access, expected) in [
            ("all", [201, 201, 201]), ("followers", [201, 201, 403]), ("none", [403, 403, 403]),
        ] {
            let response = try await made(.string(access))
            let post = response["id"].string!
            #expect(response["comments"].string == (access == "all" ? nil : access))
            #expect(try await carol.get("/v1/posts/\(post)")["comments"] == response["comments"])
            #expect(try await statuses(post) == expected, "\(access)")
        }
        #expect(try await made("some").isProblem(400, "invalid_field", field: "comments"))
        let post = try await made("all")["id"].string!
        let comment = try await carol.comment(on: post)
        let edited = try await alice.send("PATCH", "/v1/posts/\(post)", body: Array(#"{"comments":"none"}"#.utf8))
        #expect(edited.status == 200 && edited["comments"].string == "none" && edited["edited_at"].isNull)
        #expect(try await carol.post("/v1/posts/\(post)/comments", ["text": "x"]).isProblem(403, "forbidden"))
        // What is there stays, and is its author's.
        #expect(try await carol.get("/v1/posts/\(post)/comments").ids == [comment])
        #expect(try await carol.edit(comment, "y").status == 200)
        try await carol.delete(comment: comment)
        try await site.settle()
        #expect(site.events(in: "post.events", of: alice.id).last == "post.updated")
    }

    // MARK: On the log

    @Test func whatIsTold() async throws {
        let (alice, bob) = (try await site.signUp(), try await site.signUp())
        let post = try await alice.post(text: "hello")
        let comment = try await bob.comment(on: post)
        _ = try await bob.edit(comment, "two")
        _ = try await bob.edit(comment, "two")
        try await alice.delete(comment: comment)
        #expect(try await bob.delete("/v1/comments/\(comment)").status == 404)
        try await site.settle()
        #expect(
            site.events(in: "engagement.events", of: post) == [
                "comment.created", "comment.updated", "comment.deleted",
            ])
    }
}
