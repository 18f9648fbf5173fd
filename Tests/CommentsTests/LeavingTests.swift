import Core
import Store
import TestSite
import Testing

/// Who leaves, and what he gets of his comments.
@Suite(.site, .serialized) struct LeavingTests {
    private let site = TestSite.current

    private func erase(_ user: TestUser) async throws -> [JSONValue] {
        let asked = try await user.post("/v1/me/deletion?grace=0", ["password": .string(TestUser.password)])
        guard let id = asked["id"].string, let key = asked["key"].string else {
            throw UnexpectedResponse(response: asked)
        }
        try await eventually {
            try await site.settle()
            try await site.runJobs()
            return try await site.stranger().get("/v1/deletions/\(id)?key=\(key)")["state"].string == "done"
        }
        return try await site.stranger().get("/v1/deletions/\(id)?key=\(key)")["stores"].array ?? []
    }

    @Test func whatStays() async throws {
        let (alice, bob, carol) = (try await site.signUp(), try await site.signUp(), try await site.signUp())
        let (post, other) = (try await alice.post(text: "hello"), try await bob.post(text: "bob's"))
        let answered = try await bob.comment("bob's words", on: post)
        let reply = try await carol.comment("carol's", on: post, below: answered)
        let below = try await bob.comment("bob's words", on: post, below: reply)
        let lone = try await bob.comment("bob's words", on: post)
        let left = try await bob.comment("bob's words", on: post)
        let last = try await carol.comment("to go", on: post, below: left)
        try await carol.delete(comment: last)
        let onOwn = try await carol.comment("carol's on bob's", on: other)
        _ = try await alice.comment("alice's", on: other, below: onOwn)
        for number in 0..<120 { _ = try await bob.comment("more \(number)", on: post, below: reply) }
        // Who listens has what he said, until it is dropped.
        _ = try await carol.get("/v1/feed?channels=post:\(post)")
        _ = try await bob.comment("bob's last words", on: post, below: reply)
        try await site.settle()
        func kept() async throws -> Bool {
            for key in try await site.keys() {
                if String(decoding: try await site.contents(of: key), as: UTF8.self).contains("bob's last words") {
                    return true
                }
            }
            return false
        }
        #expect(try await kept())
        let stores = try await erase(bob)
        #expect(try await !kept())
        let store = stores.first { $0["name"].string == "postgres.comments" }
        #expect(store?["left"].integer == 0 && store?["removed"].integer == 127)
        #expect(try await alice.get("/v1/posts/\(post)/comments").ids == [answered])
        let gone = try await alice.get("/v1/comments/\(answered)")
        #expect(gone["deleted"].bool == true && gone["author"].isNull && gone["text"].isNull)
        #expect(try await alice.get("/v1/comments/\(answered)/replies").ids == [reply])
        for comment in [below, lone, left, onOwn] {
            #expect(try await carol.get("/v1/comments/\(comment)").status == 404)
        }
        #expect(try await alice.comments(on: post) == 1)
        #expect(try await alice.replies(of: reply) == 0)
        #expect(try await site.wrongCounts().count == 0)
        let rows = try await site.database.query("SELECT id FROM comments WHERE post_id = \(ID(other)!)")
        #expect(rows.isEmpty)
        let report = try await site.audit.run(repairs: false).report
        #expect(report.findings.isEmpty, "\(report.findings)")
    }

    @Test func whatIsExported() async throws {
        let (alice, bob) = (try await site.signUp(), try await site.signUp())
        let post = try await alice.post(text: "hello")
        let comment = try await bob.comment("one", on: post)
        _ = try await bob.edit(comment, "two")
        let reply = try await bob.comment("three", on: post, below: comment)
        _ = try await alice.comment("alice's", on: post)
        let file = try #require(site.exportedFiles.first { $0.name == "comments" })
        let rows = try await site.database.query(file.page("\(ID(bob.id)!)", 0, 10))
        let lines = try rows.map { row in
            var writer = ByteWriter()
            try file.line(row, &writer)
            return try JSONValue.parse(writer.bytes)
        }
        #expect(lines.map { $0["id"].string } == [comment, reply])
        #expect(lines[0].object?.keys == ["id", "created_at", "post_id", "text", "edited_at"])
        #expect(lines[0]["text"].string == "two" && lines[0]["post_id"].string == post)
        #expect(lines[1].object?.keys == ["id", "created_at", "post_id", "parent_id", "text"])
    }
}
