import Core
import Store
import TestSite
import Testing

/// Hashtags and mentions of posts, as they are stored and shown.
@Suite(.site, .serialized) struct PostMentionTests {
    private let site = TestSite.current

    private func write(
        _ author: TestUser, _ text: String, _ visibility: String? = nil
    ) async throws -> TestResponse {
        var body: [String: JSONValue] = ["text": .string(text)]
        if let visibility { body["visibility"] = .string(visibility) }
        return try await author.post("/v1/posts", .object(JSONObject(body.map { ($0.key, $0.value) })))
    }

    private func edit(_ user: TestUser, _ post: String, _ text: String) async throws -> TestResponse {
        try await user.send(
            "PATCH", "/v1/posts/\(post)", body: Array(JSONValue.object(["text": .string(text)]).text.utf8))
    }

    private func mentioned(_ post: TestResponse) -> [String] {
        post["mentions"].array?.compactMap { $0["id"].string } ?? []
    }

    private func tags(_ post: TestResponse) -> [String] { post["tags"].array?.compactMap(\.string) ?? [] }

    @Test func tagsAndMentionsAreShown() async throws {
        let (alice, bob) = (try await site.signUp(), try await site.signUp())
        let post = try await write(alice, "Hi 👍🏽@\(bob.handle.uppercased()), #Zähler #ZÄHLER ＃ﾌﾟﾛｸﾞ @nobody_at_all")
        #expect(tags(post) == ["zähler", "プログ"])
        let mention = post["mentions"].array?.first
        #expect(mentioned(post) == [bob.id] && mention?["handle"].string == bob.handle)
        #expect(mention?["from"].integer == 5 && mention?["to"].integer == Int64(6 + bob.handle.utf8.count))
        let id = post["id"].string!
        for reader: any Caller in [alice, bob, site.stranger()] {
            let read = try await reader.get("/v1/posts/\(id)")
            #expect(tags(read) == tags(post) && read["mentions"] == post["mentions"])
        }
        let plain = try await write(alice, "none @nobody_at_all a#b")
        #expect(plain["tags"].isNull && plain["mentions"].isNull)
    }

    /// Bound to the id: a new handle keeps it, and who takes the old one is not mentioned.
    @Test func aNewHandleKeepsAMention() async throws {
        let (alice, bob) = (try await site.signUp(), try await site.signUp())
        let old = bob.handle
        let post = try await write(alice, "@\(old) hello")["id"].string!
        let changed = try await bob.put(
            "/v1/me/credentials", ["handle": "bob_renamed", "old_password": .string(TestUser.password)])
        #expect(changed.status == 204)
        let read = try await alice.get("/v1/posts/\(post)")
        #expect(mentioned(read) == [bob.id] && read["mentions"].array?[0]["handle"].string == "bob_renamed")
        #expect(read["text"].string == "@\(old) hello")
        let feed = try await alice.get("/v1/feed")
        #expect(feed.items[0]["mentions"].array?[0]["handle"].string == "bob_renamed")
        let again = try await write(alice, "@\(old) @bob_renamed")
        #expect(mentioned(again) == [bob.id])
    }

    /// Who may see the post, and has not blocked the author.
    @Test func whoCanBeMentioned() async throws {
        let alice = try await site.signUp()
        let (friend, other) = (try await site.signUp(), try await site.signUp())
        let (blocking, blocked) = (try await site.signUp(), try await site.signUp())
        let suspended = try await site.signUp()
        try await friend.follow(alice)
        #expect(try await blocking.put("/v1/users/\(alice.id)/block").status == 204)
        #expect(try await alice.put("/v1/users/\(blocked.id)/block").status == 204)
        try await site.suspend(suspended)
        let text = [friend, other, blocking, blocked, suspended, alice].map { "@\($0.handle)" }.joined(separator: " ")
        #expect(try await mentioned(write(alice, text)) == [friend.id, other.id, alice.id])
        #expect(try await mentioned(write(alice, text, "followers")) == [friend.id, alice.id])
        #expect(try await mentioned(write(alice, text, "mentioned")) == [friend.id, other.id, alice.id])
        #expect(try await alice.send("PATCH", "/v1/me", body: Array(#"{"private":true}"#.utf8)).status == 200)
        #expect(try await mentioned(write(alice, text, "public")) == [friend.id, alice.id])
        #expect(try await mentioned(write(alice, text, "mentioned")) == [friend.id, alice.id])
    }

    /// Who is not here is left out for all while that lasts.
    @Test func whoIsAwayIsNotNamed() async throws {
        let (alice, bob) = (try await site.signUp(), try await site.signUp())
        let post = try await write(alice, "@\(bob.handle)")["id"].string!
        try await site.suspend(bob)
        #expect(try await alice.get("/v1/posts/\(post)")["mentions"].isNull)
        try await site.restore(bob)
        #expect(try await mentioned(alice.get("/v1/posts/\(post)")) == [bob.id])
    }

    @Test func anEditFindsThemAnew() async throws {
        let (alice, bob, carol) = (try await site.signUp(), try await site.signUp(), try await site.signUp())
        let post = try await write(alice, "@\(bob.handle) #one")["id"].string!
        let edited = try await edit(alice, post, "now @\(carol.handle) #two #three")
        #expect(mentioned(edited) == [carol.id] && tags(edited) == ["two", "three"])
        #expect(try await edit(alice, post, "nothing")["tags"].isNull)
        #expect(try await alice.get("/v1/posts/\(post)")["mentions"].isNull)
    }

    @Test func twentyOfThem() async throws {
        let alice = try await site.signUp()
        var users: [TestUser] = []
        for _ in 0..<22 { users.append(try await site.signUp()) }
        let text = "@nobody_1 @nobody_2 " + users.map { "@\($0.handle)" }.joined(separator: " ")
        #expect(try await mentioned(write(alice, text)) == users.prefix(20).map(\.id))
    }

    // MARK: Posts for those mentioned

    @Test func aPostForThoseMentioned() async throws {
        let alice = try await site.signUp()
        let (bob, carol, dan) = (try await site.signUp(), try await site.signUp(), try await site.signUp())
        for follower in [bob, carol] { try await follower.follow(alice) }
        let before = try await carol.get("/v1/feed")["live"].string!
        _ = try await bob.get("/v1/feed")
        let post = try await write(alice, "@\(bob.handle) @\(dan.handle) psst", "mentioned")["id"].string!
        let next = try await write(alice, "for all")["id"].string!
        try await site.settle()
        for (reader, seen) in [(alice, true), (bob, true), (dan, true), (carol, false)] {
            #expect(try await reader.get("/v1/posts/\(post)").status == (seen ? 200 : 404), "\(reader.handle)")
            #expect(try await reader.walk("/v1/users/\(alice.id)/posts").contains(post) == seen)
            #expect(try await reader.put("/v1/posts/\(post)/bookmark").status == (seen ? 204 : 404))
        }
        #expect(try await site.stranger().get("/v1/posts/\(post)").status == 404)
        // Of the followers nobody else has it, not even where it is only kept.
        let kept = try await site.database.query("SELECT user_id FROM feed_items WHERE post_id = \(ID(post)!)")
        #expect(Set(try kept.map { try $0.id("user_id").description }) == [alice.id, bob.id])
        for key in try await site.keys() where key.hasSuffix(":\(carol.id)") && key.contains("tl:") {
            let bytes = try await site.contents(of: key)
            #expect(bytes.count == 2 * 22, "the post for all, and the marker")
        }
        let since = try await carol.get("/v1/feed?since=\(before)")
        #expect(since.items.map { $0["post"]["id"].string } == [next])
        let away = try await site.another(.withoutRedis)
        for round in 0..<2 {
            for (reader, feed) in [(alice, [next, post]), (bob, [next, post]), (carol, [next]), (dan, [])] {
                #expect(try await reader.walk() == feed, "\(round): \(reader.handle)")
                #expect(try await reader.on(away).walk() == feed, "\(round): \(reader.handle)")
            }
            // What is rebuilt is the same.
            try await site.flushRedis()
        }
        // A follow brings what is for the follower.
        try await dan.follow(alice)
        #expect(try await dan.walk() == [next, post])
        await away.close()
    }

    /// For whom it is, an edit does not change: neither who is mentioned then, nor who is no more.
    @Test func anEditIsForTheSame() async throws {
        let (alice, bob, carol) = (try await site.signUp(), try await site.signUp(), try await site.signUp())
        let post = try await write(alice, "@\(bob.handle) psst", "mentioned")["id"].string!
        let edited = try await edit(alice, post, "@\(carol.handle) psst")
        #expect(edited.status == 200 && edited["mentions"].isNull)
        #expect(try await bob.get("/v1/posts/\(post)")["text"].string == "@\(carol.handle) psst")
        #expect(try await carol.get("/v1/posts/\(post)").status == 404)
        #expect(try await mentioned(edit(alice, post, "@\(carol.handle) and @\(bob.handle)")) == [bob.id])
    }

    /// A block ends it, in either direction; so does an account that goes private.
    @Test func whatEndsIt() async throws {
        let (alice, bob) = (try await site.signUp(), try await site.signUp())
        let post = try await write(alice, "@\(bob.handle) psst", "mentioned")["id"].string!
        for (owner, other) in [(alice, bob), (bob, alice)] {
            #expect(try await owner.put("/v1/users/\(other.id)/block").status == 204)
            #expect(try await bob.get("/v1/posts/\(post)").status == 404)
            #expect(try await owner.delete("/v1/users/\(other.id)/block").status == 204)
            #expect(try await bob.get("/v1/posts/\(post)").status == 200)
        }
        #expect(try await alice.send("PATCH", "/v1/me", body: Array(#"{"private":true}"#.utf8)).status == 200)
        #expect(try await bob.get("/v1/posts/\(post)").status == 404)
    }

    @Test func whatIsRefused() async throws {
        let alice = try await site.signUp()
        let refused = try await write(alice, "x", "nobody")
        #expect(refused.isProblem(400, "invalid_field") && refused["field"].string == "visibility")
    }
}
