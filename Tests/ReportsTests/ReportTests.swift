import Core
import Store
import TestSite
import Testing

/// `POST /v1/reports`.
@Suite(.site) struct ReportTests {
    private let site = TestSite.current

    private func report(
        _ type: String, _ id: String, _ reason: String = "spam", text: String? = nil, by reporter: any Caller
    ) async throws -> TestResponse {
        var body: JSONObject = ["target": ["type": .string(type), "id": .string(id)], "reason": .string(reason)]
        if let text { body.set("text", .string(text)) }
        return try await reporter.post("/v1/reports", .object(body))
    }

    private func rows(by reporter: TestUser) async throws -> PgRows {
        try await site.database.query(
            "SELECT type, target, author, copy, reason, text FROM reports WHERE reporter = \(ID(reporter.id)!) ORDER BY id"
        )
    }

    @Test func aReportHasWhatModeratorsNeed() async throws {
        let (alice, bob) = (try await site.signUp(), try await site.signUp())
        let post = try await alice.post(text: "buy this")
        let response = try await report("post", post, text: "  an advertisement ", by: bob)
        #expect(response.status == 201)
        #expect(response.json.object?.keys == ["id", "target", "reason", "text", "created_at"])
        #expect(response["target"] == ["type": "post", "id": .string(post)] && response["reason"] == "spam")
        #expect(response["text"] == "an advertisement")
        let bare = try await report("user", alice.id, "abuse", by: bob)
        #expect(bare.status == 201 && bare["text"].isNull)
        let kept = try await rows(by: bob)
        #expect(try kept.map { try $0.text("copy") } == ["buy this", "\(alice.handle)\n\(alice.handle)"])
        #expect(try kept.map { try $0.id("author").description } == [alice.id, alice.id])
        let comment = try #require(
            try await alice.post("/v1/posts/\(post)/comments", ["text": "and this"])["id"].string)
        #expect(try await report("comment", comment, by: bob).status == 201)
        #expect(try await rows(by: bob).last?.text("copy") == "and this")
        // What it said then, whatever becomes of it.
        #expect(
            try await alice.send("PATCH", "/v1/posts/\(post)", body: Array(#"{"text":"never said"}"#.utf8)).status
                == 200)
        #expect(try await rows(by: bob)[0].text("copy") == "buy this")
    }

    @Test func aSecondOneIsTheFirst() async throws {
        let (alice, bob, carol) = (try await site.signUp(), try await site.signUp(), try await site.signUp())
        let post = try await alice.post(text: "x")
        let first = try await report("post", post, by: bob)
        let second = try await report("post", post, "illegal", text: "worse", by: bob)
        #expect(first.status == 201 && second.status == 200 && first.body == second.body)
        // Another's, and of another thing with the same id, are others.
        #expect(try await report("post", post, by: carol).status == 201)
        #expect(try await report("user", post, by: bob).status == 201)
    }

    @Test func ofManyAtOnceOneIsNew() async throws {
        let (alice, bob) = (try await site.signUp(), try await site.signUp())
        let post = try await alice.post(text: "x")
        let responses = try await concurrently(12) { _ in try await report("post", post, by: bob) }
        #expect(responses.filter { $0.status == 201 }.count == 1)
        #expect(responses.filter { $0.status == 200 }.count == 11)
        #expect(Set(responses.map { $0["id"].string }).count == 1)
        #expect(try await rows(by: bob).count == 1)
    }

    /// What is hidden and what never was get the same, the first time and the second.
    @Test func aReportTellsNothingOfWhatIsHidden() async throws {
        let (alice, bob) = (try await site.signUp(), try await site.signUp())
        let post = try await alice.post(text: "x")
        #expect(try await alice.put("/v1/users/\(bob.id)/block").status == 204)
        let deleted = try await alice.post(text: "y")
        #expect(try await alice.delete("/v1/posts/\(deleted)").status == 204)
        for (type, id) in [("post", post), ("post", deleted), ("user", alice.id), ("post", "1"), ("user", "77")] {
            let (first, second) = (try await report(type, id, by: bob), try await report(type, id, by: bob))
            #expect(first.status == 201 && second.status == 200 && first.body == second.body, "\(type) \(id)")
            #expect(first["target"] == ["type": .string(type), "id": .string(id)])
        }
        #expect(
            try await rows(by: bob).map { try $0.optionalID("target")?.description } == [
                post, deleted, alice.id, nil, nil,
            ])
    }

    @Test func nobodyReportsHimself() async throws {
        let alice = try await site.signUp()
        let post = try await alice.post(text: "x")
        #expect(try await report("user", alice.id, by: alice).isProblem(400, "invalid_field", field: "target"))
        #expect(try await report("post", post, by: alice).isProblem(400, "invalid_field", field: "target"))
        #expect(try await rows(by: alice).isEmpty)
    }

    @Test func whatIsWrongIsNamed() async throws {
        let alice = try await site.signUp()
        let target: JSONValue = ["type": "user", "id": "1"]
        for (body, code, field): (JSONValue, String, String) in [
            (["reason": "spam"], "missing_field", "target"), (["target": target], "missing_field", "reason"),
            (["target": "1", "reason": "spam"], "invalid_field", "target"),
            (["target": ["id": "1"], "reason": "spam"], "missing_field", "target.type"),
            (["target": ["type": "user"], "reason": "spam"], "missing_field", "target.id"),
            (["target": ["type": "room", "id": "1"], "reason": "spam"], "invalid_field", "target.type"),
            (["target": ["type": "user", "id": 1], "reason": "spam"], "invalid_field", "target.id"),
            (
                ["target": ["type": "user", "id": "1", "colour": "red"], "reason": "spam"], "unknown_field",
                "target.colour"
            ),
            (["target": target, "reason": "dull"], "invalid_field", "reason"),
            (["target": target, "reason": "spam", "text": ""], "invalid_field", "text"),
            (
                ["target": target, "reason": "spam", "text": .string(String(repeating: "x", count: 1001))],
                "invalid_field", "text"
            ),
        ] {
            #expect(try await alice.post("/v1/reports", body).isProblem(400, code, field: field), "\(body.text)")
        }
        #expect(try await report("user", "1", by: site.stranger()).isProblem(401, "unauthenticated"))
    }

    @Test func anIdempotencyKeyGivesTheFirstResponse() async throws {
        let (alice, bob) = (try await site.signUp(), try await site.signUp())
        let body: JSONValue = ["target": ["type": "user", "id": .string(alice.id)], "reason": "spam"]
        let responses = [
            try await bob.post("/v1/reports", body, ["Idempotency-Key": "k"]),
            try await bob.post("/v1/reports", body, ["Idempotency-Key": "k"]),
        ]
        #expect(responses.map(\.status) == [201, 201] && responses[0].body == responses[1].body)
        #expect(responses[1].isReplayed)
    }

    /// Also of requests at the same time.
    @Test func aHundredADayAreEnough() async throws {
        let bob = try await site.signUp()
        for id in 1...95 { #expect(try await report("user", "\(id)", by: bob).status == 201) }
        let more = try await concurrently(10) { try await report("user", "\(1000 + $0)", by: bob) }
        #expect(more.filter { $0.status == 201 }.count == 5)
        #expect(more.filter { $0.isProblem(409, "too_many") }.count == 5)
        // What was reported before is still known.
        #expect(try await report("user", "1", by: bob).status == 200)
        #expect(try await report("user", "1", by: site.signUp()).status == 201)
    }

    @Test func theReporterLeaves() async throws {
        let (alice, bob) = (try await site.signUp(), try await site.signUp())
        let post = try await alice.post(text: "buy this")
        #expect(try await report("post", post, "abuse", text: "my words", by: bob).status == 201)
        try await site.erase(bob)
        let rows = try await site.database.query(
            "SELECT reporter, text, reason, copy, author FROM reports WHERE target = \(ID(post)!)")
        #expect(rows.count == 1)
        #expect(try rows[0].optionalID("reporter") == nil && rows[0].optionalText("text") == nil)
        #expect(try rows[0].text("reason") == "abuse" && rows[0].text("copy") == "buy this")
        #expect(try rows[0].id("author") == ID(alice.id)!)
    }

    @Test func theReportedLeaves() async throws {
        let (alice, bob) = (try await site.signUp(), try await site.signUp())
        let post = try await alice.post(text: "buy this")
        let first = try await report("post", post, text: "an advertisement", by: bob)
        #expect(try await report("user", alice.id, by: bob).status == 201)
        try await site.erase(alice)
        for row in try await rows(by: bob) {
            #expect(try row.optionalID("target") == nil && row.optionalID("author") == nil)
            #expect(try row.optionalText("copy") == nil && row.text("reason") == "spam")
        }
        // It tells nothing of her leaving either, and names her in no table.
        #expect(try await report("post", post, by: bob).body == first.body)
        #expect(try await report("user", alice.id, by: bob).status == 200)
        let carol = try await site.signUp()
        #expect(try await report("user", alice.id, by: carol).status == 201)
        let named = try await site.database.query(
            "SELECT id FROM reports WHERE \(ID(alice.id)!) IN (target, author, reporter)")
        #expect(named.isEmpty)
    }
}
