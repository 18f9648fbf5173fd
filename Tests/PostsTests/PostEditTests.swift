import Core
import TestSite
import Testing

/// `PATCH /v1/posts/{id}` and `GET /v1/posts/{id}/history`.
@Suite(.site, .serialized) struct PostEditTests {
    private let site = TestSite.current

    private func edit(
        _ user: TestUser, _ post: String, _ body: JSONValue, _ headers: [String: String] = [:]
    ) async throws -> TestResponse {
        try await user.send("PATCH", "/v1/posts/\(post)", headers, body: Array(body.text.utf8))
    }

    private func now() -> String { rfc3339(milliseconds: site.clock.milliseconds()) }

    @Test func keepsWhatItWas() async throws {
        let alice = try await site.signUp()
        let post = try await alice.post(text: "one")
        let written = now()
        #expect(try await alice.get("/v1/posts/\(post)")["edited_at"].isNull)
        try await site.pass(seconds: 60)
        let edited = try await edit(alice, post, ["text": "  two "])
        let second = now()
        #expect(edited.status == 200 && edited["text"].string == "two" && edited["edited_at"].string == second)
        #expect(edited["created_at"].string == written && edited["id"].string == post)
        try await site.pass(seconds: 60)
        // The same text is no edit, and neither is none.
        for body: JSONValue in [["text": "two"], [:]] { #expect(try await edit(alice, post, body).body == edited.body) }
        #expect(try await edit(alice, post, ["text": "three"]).status == 200)
        let read = try await site.stranger().get("/v1/posts/\(post)")
        #expect(read["text"].string == "three" && read["edited_at"].string == now())
        let history = try await site.stranger().get("/v1/posts/\(post)/history")
        #expect(history.items.map { $0["text"].string } == ["three", "two", "one"])
        #expect(history.items.map { $0["at"].string } == [now(), second, written])
        #expect(history.items.allSatisfy { $0.object?.keys == ["text", "at"] })
        let pages = try await alice.pages("/v1/posts/\(post)/history", limit: 1)
        #expect(pages.map { $0.items[0]["text"].string } == ["three", "two", "one"])
        #expect(try await alice.get("/v1/me")["posts"].integer == 1)
    }

    @Test func aPostThatWasNeverEdited() async throws {
        let alice = try await site.signUp()
        let post = try await alice.post(text: "one")
        #expect(try await alice.get("/v1/posts/\(post)/history").items.map { $0["text"].string } == ["one"])
        #expect(try await alice.get("/v1/posts/1/history").isProblem(404, "not_found"))
    }

    @Test func onlyByItsAuthor() async throws {
        let (alice, bob) = (try await site.signUp(), try await site.signUp())
        let post = try await alice.post(text: "one")
        #expect(try await edit(bob, post, ["text": "two"]).isProblem(403, "forbidden"))
        #expect(try await edit(alice, "1", ["text": "two"]).isProblem(404, "not_found"))
        #expect(try await alice.delete("/v1/posts/\(post)").status == 204)
        #expect(try await edit(alice, post, ["text": "two"]).isProblem(404, "not_found"))
        #expect(try await alice.get("/v1/posts/\(post)/history").isProblem(404, "not_found"))
    }

    @Test func whatIsRefused() async throws {
        let alice = try await site.signUp()
        let post = try await alice.post(text: "one")
        for text: JSONValue in ["", " ", "a\u{1}", .string(String(repeating: "x", count: 5001)), .null, 5] {
            #expect(try await edit(alice, post, ["text": text]).isProblem(400, "invalid_field", field: "text"))
        }
        for field in ["visibility", "media", "sensitive"] {
            let response = try await edit(alice, post, .object(JSONObject([(field, "x")])))
            #expect(response.isProblem(400, "unknown_field", field: field))
        }
        #expect(try await alice.get("/v1/posts/\(post)")["text"].string == "one")
    }

    @Test func aHundredTimesAtMost() async throws {
        let alice = try await site.signUp()
        let post = try await alice.post(text: "0")
        for number in 1...100 {
            #expect(try await edit(alice, post, ["text": .string("\(number)")]).status == 200)
        }
        #expect(try await edit(alice, post, ["text": "101"]).isProblem(409, "too_many"))
        #expect(try await alice.pages("/v1/posts/\(post)/history", limit: 40).flatMap(\.items).count == 101)
    }

    @Test func onceForAKeyAndInOrderAtOnce() async throws {
        let alice = try await site.signUp()
        let post = try await alice.post(text: "0")
        let key = ["Idempotency-Key": "k"]
        let first = try await edit(alice, post, ["text": "1"], key)
        #expect(try await edit(alice, post, ["text": "2"]).status == 200)
        let again = try await edit(alice, post, ["text": "1"], key)
        #expect(again.isReplayed && again.body == first.body)
        #expect(try await alice.get("/v1/posts/\(post)")["text"].string == "2")
        _ = try await concurrently(8) { number in try await edit(alice, post, ["text": .string("at once \(number)")]) }
        let texts = try await alice.get("/v1/posts/\(post)/history").items.map { $0["text"].string! }
        #expect(texts.count == 11 && Set(texts).count == 11)
        #expect(try await alice.get("/v1/posts/\(post)")["text"].string == texts[0])
    }

    // MARK: What feeds are told

    /// Pages show it at once; who reads on from a position is told, also the author.
    @Test func feedsAreTold() async throws {
        let (alice, bob) = (try await site.signUp(), try await site.signUp())
        try await bob.follow(alice)
        for user in [alice, bob] { #expect(try await user.walk() == []) }
        let post = try await alice.post(text: "one")
        try await site.settle()
        let live = try await concurrently(2) { try await [alice, bob][$0].get("/v1/feed")["live"].string! }
        let edited = try await edit(alice, post, ["text": "two"])
        #expect(try await bob.get("/v1/feed").items == [edited.json])
        try await site.settle()
        for (user, live) in zip([alice, bob], live) {
            let told = try await user.get("/v1/feed?since=\(live)")
            #expect(told.items.map { $0["type"].string } == ["post.updated"])
            // To all the same: nothing of what is so for one reader only.
            #expect(try await told.items[0]["post"] == site.stranger().get("/v1/posts/\(post)").json)
            #expect(try await user.get("/v1/feed?since=\(told["live"].string!)").items.isEmpty)
            #expect(try await user.walk() == [post])
        }
        #expect(site.events(in: "post.events", of: alice.id) == ["post.created", "post.updated"])
    }

    /// An edit that was overtaken by the deletion is told to nobody.
    @Test func aPostThatIsGoneBeforeItsEditArrives() async throws {
        let (alice, bob) = (try await site.signUp(), try await site.signUp())
        try await bob.follow(alice)
        #expect(try await bob.walk() == [])
        let post = try await alice.post(text: "one")
        try await site.settle()
        let live = try await bob.get("/v1/feed")["live"].string!
        #expect(try await edit(alice, post, ["text": "two"]).status == 200)
        #expect(try await alice.delete("/v1/posts/\(post)").status == 204)
        try await site.settle()
        let told = try await bob.get("/v1/feed?since=\(live)").items
        #expect(told.map { $0["type"].string } == ["post.deleted"])
    }
}
