import Core
import Preferences
import Store
import TestSite
import Testing

/// `GET` and `PUT /v1/me/preferences`, and what the inbox makes of them.
@Suite(.site, .serialized) struct PreferenceTests {
    private let site = TestSite.current
    private let path = "/v1/me/preferences"

    private func put(_ user: TestUser, _ body: JSONValue, match: String = "*") async throws -> TestResponse {
        try await user.send("PUT", path, ["If-Match": match], body: Array(body.text.utf8))
    }

    @Test func defaultsAndBack() async throws {
        let alice = try await site.signUp()
        let first = try await alice.get(path)
        #expect(first.status == 200 && first["digest"].string == "off" && first["only_from"].string == "all")
        #expect(first["previews"].bool == true && first["quiet"].isNull)
        let types = [
            "comment", "follow", "follow_accepted", "follow_request", "like", "mention", "poll_closed", "post", "reply",
        ]
        #expect(first["types"].object?.keys == types)
        for type in types { #expect(first["types"][type] == ["inbox": true, "push": true]) }
        let tag = try #require(first.header("ETag"))
        #expect(try await alice.send("GET", path, ["If-None-Match": tag]).status == 304)

        let wish: JSONValue = [
            "types": ["like": ["inbox": false], "follow": ["push": false]],
            "quiet": ["from": "22:00", "to": "07:05", "time_zone": "Europe/Berlin", "urgent": true],
            "digest": "daily", "only_from": "mutual", "previews": false,
        ]
        let second = try await put(alice, wish, match: tag)
        #expect(second.status == 200 && second["types"]["like"] == ["inbox": false, "push": true])
        #expect(second["types"]["follow"] == ["inbox": true, "push": false])
        #expect(second["quiet"] == wish["quiet"] && second["previews"].bool == false)
        let shown = try await alice.get(path)
        #expect(shown.body == second.body && shown.header("ETag") == second.header("ETag"))
        #expect(second.header("ETag") != tag)
        // What is shown may be sent.
        let again = try await alice.send(
            "PUT", path, ["If-Match": try #require(second.header("ETag"))], body: shown.body)
        #expect(again.status == 200 && again.body == shown.body)
        // Left out is default.
        #expect(try await put(alice, [:]).body == first.body)
    }

    @Test func whoComesSecondIsTold() async throws {
        let alice = try await site.signUp()
        let tag = try #require(try await alice.get(path).header("ETag"))
        let won = try await put(alice, ["digest": "hourly"], match: tag)
        let lost = try await put(alice, ["digest": "daily"], match: tag)
        #expect(lost.isProblem(412, "version_conflict", field: "If-Match"))
        #expect(lost.header("ETag") == won.header("ETag"))
        #expect(try await alice.get(path)["digest"].string == "hourly")
        #expect(try await alice.put(path, ["digest": "daily"]).isProblem(400, "missing_field", field: "If-Match"))
        #expect(try await put(alice, ["digest": "daily"], match: "\"x\", W/\(won.header("ETag")!)").status == 200)
    }

    /// A key is a replay, with the tag of what it answered.
    @Test func aReplayHasItsTag() async throws {
        let alice = try await site.signUp()
        let headers = ["If-Match": "*", "Idempotency-Key": "once"]
        let body = Array(#"{"digest":"daily"}"#.utf8)
        let first = try await alice.send("PUT", path, headers, body: body)
        let second = try await alice.send("PUT", path, headers, body: body)
        #expect(first.status == 200 && second.status == 200 && second.header("Idempotency-Replayed") == "true")
        #expect(second.header("ETag") == first.header("ETag") && second.body == first.body)
    }

    @Test(arguments: [
        (#"{"types":{"message":{"push":true}}}"#, "unknown_field", "types.message"),
        (#"{"types":{"like":{"mail":true}}}"#, "unknown_field", "types.like.mail"),
        (#"{"types":{"like":{"push":1}}}"#, "invalid_field", "types.like.push"),
        (#"{"types":[]}"#, "invalid_field", "types"),
        (#"{"quiet":{"from":"22:00","to":"07:00"}}"#, "missing_field", "quiet.time_zone"),
        (#"{"quiet":{"from":"24:00","to":"07:00","time_zone":"UTC"}}"#, "invalid_field", "quiet.from"),
        (#"{"quiet":{"from":"22:00","to":"7:00","time_zone":"UTC"}}"#, "invalid_field", "quiet.to"),
        (#"{"quiet":{"from":"22:00","to":"07:00","time_zone":"Mars/Olympus"}}"#, "invalid_field", "quiet.time_zone"),
        (#"{"quiet":{"from":"22:00","to":"07:00","time_zone":"GMT+2"}}"#, "invalid_field", "quiet.time_zone"),
        (#"{"digest":"weekly"}"#, "invalid_field", "digest"), (#"{"only_from":"me"}"#, "invalid_field", "only_from"),
        (#"{"previews":"yes"}"#, "invalid_field", "previews"), (#"{"sound":"ping"}"#, "unknown_field", "sound"),
    ])
    func whatIsRefused(_ body: String, _ code: String, _ field: String) async throws {
        let alice = try await site.signUp()
        let response = try await alice.send("PUT", path, ["If-Match": "*"], body: Array(body.utf8))
        #expect(response.isProblem(400, code, field: field), "\(response.body)")
    }

    @Test func onlyTheCallersOwn() async throws {
        let (alice, bob) = (try await site.signUp(), try await site.signUp())
        #expect(try await put(alice, ["digest": "daily"]).status == 200)
        #expect(try await bob.get(path)["digest"].string == "off")
        #expect(try await site.stranger().get(path).isProblem(401, "unauthenticated"))
    }

    private func keys(_ user: TestUser) async throws -> Set<String> {
        Set(try await user.get("/v1/notifications").items.compactMap { $0["key"].string })
    }

    @Test func theInboxObeysTypes() async throws {
        let (alice, bob) = (try await site.signUp(), try await site.signUp())
        let post = try await alice.post(text: "hello")
        #expect(try await put(alice, ["types": ["like": ["inbox": false, "push": true]]]).status == 200)
        #expect(try await bob.put("/v1/posts/\(post)/like").status == 204)
        #expect(try await bob.post("/v1/posts/\(post)/comments", ["text": "hi"]).status == 201)
        try await site.settle()
        #expect(try await keys(alice) == ["comment:post:\(post)"])
        #expect(try await alice.get("/v1/notifications")["unread"].integer == 1)
        // What is there stays, and can be undone.
        #expect(try await put(alice, [:]).status == 200)
        let other = try await alice.post(text: "other")
        #expect(try await bob.put("/v1/posts/\(other)/like").status == 204)
        try await site.settle()
        #expect(try await put(alice, ["types": ["like": ["inbox": false]]]).status == 200)
        #expect(try await keys(alice) == ["comment:post:\(post)", "like:post:\(other)"])
        #expect(try await bob.delete("/v1/posts/\(other)/like").status == 204)
        try await site.settle()
        #expect(try await keys(alice) == ["comment:post:\(post)"])
        #expect(try await site.wrongCounts().isEmpty)
    }

    @Test func theInboxObeysWhom() async throws {
        let (alice, stranger) = (try await site.signUp(), try await site.signUp())
        let (followed, mutual, follower) = (try await site.signUp(), try await site.signUp(), try await site.signUp())
        for user in [followed, mutual] { try await alice.follow(user) }
        for user in [mutual, follower] { try await user.follow(alice) }
        func likers(_ onlyFrom: JSONValue) async throws -> Set<String> {
            #expect(try await put(alice, ["only_from": onlyFrom]).status == 200)
            let post = try await alice.post(text: "hello")
            for user in [stranger, followed, mutual, follower] {
                #expect(try await user.put("/v1/posts/\(post)/like").status == 204)
            }
            try await site.settle()
            let actors = try await alice.get("/v1/notifications/like:post:\(post)/actors")
            return Set(actors.items.compactMap { $0["handle"].string })
        }
        #expect(try await likers("all").count == 4)
        #expect(try await likers("followed") == [followed.handle, mutual.handle])
        #expect(try await likers("mutual") == [mutual.handle])
        // A poll that closes is nobody's doing.
        let poll: JSONValue = ["options": ["a", "b"], "closes_in": 300]
        #expect(try await alice.post("/v1/posts", ["text": "which?", "poll": poll]).status == 201)
        try await site.pass(seconds: 301)
        try await site.runJobs()
        try await site.settle()
        #expect(try await keys(alice).contains { $0.hasPrefix("poll_closed:") })
    }

    /// What a row holds is what was meant, also of types that another version knows.
    @Test func rowsAreReadAsTheyWereWritten() async throws {
        let alice = try await site.signUp()
        let id = try #require(ID(alice.id))
        func read() async throws -> Preferences {
            try PreferenceRow.preferences(try await site.database.query(PreferenceRow.rows(of: [id]))[0])
        }
        #expect(try await read() == Preferences())
        #expect(try await put(alice, ["types": ["like": ["push": false]]]).status == 200)
        try await site.database.query(
            "UPDATE preferences SET without_push = without_push || ARRAY['message'] WHERE user_id = \(id)")
        #expect(try await read().withoutPush == ["like", "message"])
        #expect(try await put(alice, ["types": ["follow": ["push": false]]]).status == 200)
        #expect(try await read().withoutPush == ["follow", "message"])
    }
}
