import Core
import Store
import TestSite
import Testing

/// Polls of posts: how they are made, seen and edited.
@Suite(.site) struct PollTests {
    private let site = TestSite.current

    @Test func aPollComesWithItsPost() async throws {
        let (alice, bob) = (try await site.signUp(), try await site.signUp())
        try await bob.follow(alice)
        let response = try await alice.post(
            "/v1/posts", ["poll": ["options": [" Tea ", "Coffee"], "closes_in": 3600]])
        #expect(response.status == 201 && response["text"] == "")
        let poll = response["poll"]
        #expect(
            poll.object?.keys == [
                "id", "post_id", "options", "votes", "voters", "multiple", "closes_at", "closed", "version",
            ])
        #expect(poll["post_id"] == response["id"] && poll["closed"] == false && poll["multiple"] == false)
        #expect(poll["options"] == [["text": "Tea", "votes": 0], ["text": "Coffee", "votes": 0]])
        #expect(milliseconds(rfc3339: poll["closes_at"].string!) == site.clock.milliseconds() + 3_600_000)
        let id = try #require(poll["id"].string)
        let post = try #require(response["id"].string)
        #expect(try await site.stranger().get("/v1/polls/\(id)").json == poll)
        #expect(try await site.stranger().get("/v1/posts/\(post)")["poll"] == poll)
        #expect(try await alice.get("/v1/posts/\(post)").json == response.json)
        try await site.settle()
        #expect(try await bob.get("/v1/feed").items.first?["poll"] == poll)
        #expect(try await bob.get("/v1/users/\(alice.id)/posts").items.first?["poll"] == poll)
        // One without says nothing of it.
        #expect(try await alice.get("/v1/posts/\(try await alice.post(text: "x"))")["poll"].isNull)
    }

    @Test func anIdempotencyKeyMakesOnePoll() async throws {
        let alice = try await site.signUp()
        let body: JSONValue = ["poll": ["options": ["a", "b"], "closes_in": 3600]]
        let responses = try await concurrently(4) { _ in
            try await alice.post("/v1/posts", body, ["Idempotency-Key": "k"])
        }
        let made = responses.filter { $0.status == 201 }
        #expect(!made.isEmpty && Set(made.map(\.body)).count == 1)
        #expect(made.count + responses.filter { $0.isProblem(409, "conflict") }.count == 4)
        let polls = try await site.database.query("SELECT id FROM polls WHERE author_id = \(ID(alice.id)!)")
        #expect(try polls.map { try $0.id("id").description } == [made[0]["poll"]["id"].string])
    }

    /// What users get of their polls and votes.
    @Test func whatIsExported() async throws {
        let (alice, bob) = (try await site.signUp(), try await site.signUp())
        let polls = [try await Poll(by: alice, results: "after_vote"), try await Poll(by: alice, multiple: true)]
        for poll in polls { #expect(try await bob.vote([0], in: poll).status == 200) }
        #expect(try await alice.vote([2, 1], in: polls[1]).status == 200)
        let own = try await lines("polls", of: alice)
        #expect(own.map { $0["id"].string } == polls.map(\.id) && own.map { $0["votes"] } == [1, 3])
        #expect(try await lines("polls", of: bob).isEmpty)
        let votes = try await lines("votes", of: alice)
        #expect(votes.map(\.object?.keys) == [["id", "created_at", "poll_id", "options"]])
        #expect(votes[0]["poll_id"].string == polls[1].id && votes[0]["options"] == [1, 2])
        #expect(try await lines("votes", of: bob).map { $0["poll_id"].string } == polls.map(\.id))
    }

    private func lines(_ name: String, of user: TestUser) async throws -> [JSONValue] {
        let file = try #require(site.exportedFiles.first { $0.name == name })
        return try await site.database.query(file.page(SQL.parameter(ID(user.id)!), 0, 100)).map { row in
            var writer = ByteWriter()
            try file.line(row, &writer)
            return try JSONValue.parse(writer.bytes)
        }
    }

    @Test func whatIsWrongIsNamed() async throws {
        let alice = try await site.signUp()
        let two: JSONValue = ["a", "b"]
        let long = JSONValue.string(String(repeating: "x", count: 81))
        for (body, code, field): (JSONValue, String, String) in [
            ([:], "missing_field", "text"),
            (["text": "", "poll": ["options": two, "closes_in": 300]], "invalid_field", "text"),
            (["poll": "x"], "invalid_field", "poll"), (["poll": ["options": two]], "missing_field", "poll.closes_in"),
            (["poll": ["closes_in": 300]], "missing_field", "poll.options"),
            (["poll": ["options": ["a"], "closes_in": 300]], "invalid_field", "poll.options"),
            (
                ["poll": ["options": .array((1...9).map { .string("\($0)") }), "closes_in": 300]], "invalid_field",
                "poll.options"
            ),
            (["poll": ["options": ["a", " a"], "closes_in": 300]], "invalid_field", "poll.options"),
            (["poll": ["options": ["a", ""], "closes_in": 300]], "invalid_field", "poll.options.1"),
            (["poll": ["options": [long, "a"], "closes_in": 300]], "invalid_field", "poll.options.0"),
            (["poll": ["options": ["a", 5], "closes_in": 300]], "invalid_field", "poll.options.1"),
            (["poll": ["options": two, "closes_in": 299]], "invalid_field", "poll.closes_in"),
            (["poll": ["options": two, "closes_in": 2_592_001]], "invalid_field", "poll.closes_in"),
            (["poll": ["options": two, "closes_in": 300, "multiple": 1]], "invalid_field", "poll.multiple"),
            (["poll": ["options": two, "closes_in": 300, "results": "never"]], "invalid_field", "poll.results"),
            (["poll": ["options": two, "closes_in": 300, "colour": "red"]], "unknown_field", "poll.colour"),
        ] {
            #expect(try await alice.post("/v1/posts", body).isProblem(400, code, field: field), "\(body.text)")
        }
        #expect(try await alice.get("/v1/users/\(alice.id)/posts").items.isEmpty)
    }

    /// Who sees the results when; the same in what is read of the post.
    @Test(arguments: ["always", "after_vote", "after_close"])
    func resultsAreShownByTheirRule(_ results: String) async throws {
        let (alice, bob, carol) = (try await site.signUp(), try await site.signUp(), try await site.signUp())
        let poll = try await Poll(by: alice, results: results)
        #expect(try await bob.vote([1], in: poll).status == 200)
        let seen: [(any Caller, Bool)] = [
            (alice, results != "after_close"), (bob, results != "after_close"), (carol, results == "always"),
            (site.stranger(), results == "always"),
        ]
        for (reader, sees) in seen {
            for view in [
                try await reader.get("/v1/polls/\(poll.id)").json,
                try await reader.get("/v1/posts/\(poll.post)")["poll"],
            ] {
                #expect(view["votes"].isNull == !sees && view["voters"].isNull == !sees, "\(view.text)")
                #expect(view["options"].array?.allSatisfy { $0["votes"].isNull == !sees } == true)
                #expect((view["version"] == 0) == !sees)
            }
        }
        #expect(try await bob.get("/v1/polls/\(poll.id)")["voted"] == [1])
        #expect(try await alice.get("/v1/polls/\(poll.id)")["voted"].isNull)
    }

    /// What all are told has nobody's view in it.
    @Test func eventsHideWhatIsHidden() async throws {
        let (alice, bob) = (try await site.signUp(), try await site.signUp())
        try await bob.follow(alice)
        let live = try #require(try await bob.get("/v1/feed")["live"].string)
        let poll = try await Poll(by: alice, results: "after_vote")
        try await site.settle()
        let created = try await bob.get("/v1/feed?since=\(live)").items.first
        #expect(created?["post"]["poll"]["id"] == .string(poll.id) && created?["post"]["poll"]["votes"].isNull == true)
        #expect(
            try await alice.send("PATCH", "/v1/posts/\(poll.post)", body: Array(#"{"text":"now"}"#.utf8)).status == 200)
        try await site.settle()
        let updated = try await bob.get("/v1/feed?since=\(live)").items.last
        #expect(updated?["type"] == "post.updated" && updated?["post"]["poll"]["votes"].isNull == true)
        #expect(updated?["post"]["poll"]["options"] == [["text": "a"], ["text": "b"], ["text": "c"]])
    }

    @Test func theTextStaysOnceThereAreVotes() async throws {
        let (alice, bob) = (try await site.signUp(), try await site.signUp())
        let poll = try await Poll(by: alice)
        func edit(_ text: String) async throws -> TestResponse {
            try await alice.send("PATCH", "/v1/posts/\(poll.post)", body: Array(#"{"text":"\#(text)"}"#.utf8))
        }
        #expect(try await edit("what is it?")["text"] == "what is it?")
        #expect(try await bob.vote([0], in: poll).status == 200)
        #expect(try await edit("what is it not?").isProblem(409, "poll_has_votes", field: "text"))
        // Nothing changes.
        #expect(try await edit("what is it?")["poll"]["votes"] == 1)
        #expect(try await alice.get("/v1/posts/\(poll.post)/history").items.count == 2)
    }

    /// An edit and the first votes at once: whoever votes has seen, or could have seen, what the post says in the end.
    @Test func anEditAndVotesComeOneAfterTheOther() async throws {
        let alice = try await site.signUp()
        let voters = try await concurrently(4) { _ in try await site.signUp() }
        for _ in 0..<10 {
            let poll = try await Poll(by: alice)
            let responses = try await concurrently(5) { number in
                number == 4
                    ? try await alice.send("PATCH", "/v1/posts/\(poll.post)", body: Array(#"{"text":"other"}"#.utf8))
                    : try await voters[number].vote([0], in: poll)
            }
            #expect(responses.prefix(4).allSatisfy { $0.status == 200 })
            let edit = responses[4]
            // The edit saw no vote, and so did its response.
            #expect(edit.isProblem(409, "poll_has_votes") || edit["poll"]["votes"] == 0, "\(edit)")
        }
    }

    @Test func whatIsNotThereIsNotFound() async throws {
        let (alice, bob) = (try await site.signUp(), try await site.signUp())
        let poll = try await Poll(by: alice)
        #expect(try await alice.delete("/v1/posts/\(poll.post)").status == 204)
        for id in ["1", "x", poll.id] {
            #expect(try await bob.get("/v1/polls/\(id)").isProblem(404, "not_found"))
            #expect(try await bob.post("/v1/polls/\(id)/votes", ["options": [0]]).isProblem(404, "not_found"))
        }
        #expect(try await site.stranger().post("/v1/polls/1/votes", ["options": [0]]).isProblem(401, "unauthenticated"))
    }

    /// What the channel has of it, as nobody.
    @Test func theStateIsTheSameForAll() async throws {
        let (alice, bob) = (try await site.signUp(), try await site.signUp())
        let poll = try await Poll(by: alice)
        #expect(try await bob.vote([2], in: poll).status == 200)
        let channel = try #require(site.channelKinds.channel("poll:\(poll.id)"))
        let state = try #require(try await channel.state())
        let told = try JSONValue.parse(state.envelope.payload)
        #expect(told["type"] == "poll.updated" && state.version == 1)
        #expect(told["poll"] == (try await site.stranger().get("/v1/polls/\(poll.id)").json))
        #expect(try await channel.isOpen(to: ID(bob.id)!))
        #expect(try await alice.put("/v1/users/\(bob.id)/block").status == 204)
        #expect(try await !channel.isOpen(to: ID(bob.id)!))
        #expect(try await alice.delete("/v1/posts/\(poll.post)").status == 204)
        #expect(try await channel.state() == nil)
    }
}
