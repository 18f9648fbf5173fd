import Core
import TestSite
import Testing

/// `PATCH /v1/me`.
@Suite(.site, .serialized) struct ProfileTests {
    private let site = TestSite.current

    private func change(_ user: TestUser, _ body: JSONValue) async throws -> TestResponse {
        try await user.send("PATCH", "/v1/me", body: Array(body.text.utf8))
    }

    @Test func aKeyStaysIsSetOrGoes() async throws {
        let (alice, bob) = (try await site.signUp(), try await site.signUp())
        let all: JSONValue = [
            "display_name": " Alice ", "status_message": "busy", "bio": "line\nline", "discoverable": false,
            "locale": "zh-Hant-TW", "time_zone": "Asia/Taipei",
        ]
        let changed = try await change(alice, all)
        let me = try await alice.get("/v1/me")
        #expect(changed.status == 200 && changed.body == me.body)
        #expect(me["display_name"].string == "Alice" && me["status_message"].string == "busy")
        #expect(me["bio"].string == "line\nline" && me["discoverable"].bool == false && me["private"].bool == false)
        #expect(me["locale"].string == "zh-Hant-TW" && me["time_zone"].string == "Asia/Taipei")
        // What is the user's own is not told to others.
        let seen = try await bob.get("/v1/users/\(alice.id)")
        #expect(seen["status_message"].string == "busy" && seen["bio"].string == "line\nline")
        for key in ["discoverable", "locale", "time_zone"] { #expect(seen[key].isNull) }
        #expect(try await change(alice, [:]).body == me.body)
        let removed = try await change(alice, ["display_name": .null, "bio": .null, "locale": .null])
        #expect(removed["display_name"].string == alice.handle && removed["bio"].isNull && removed["locale"].isNull)
        #expect(removed["status_message"].string == "busy" && removed["time_zone"].string == "Asia/Taipei")
    }

    @Test(arguments: [
        ("display_name", ""), ("display_name", "\u{200b}"), ("status_message", "two\nlines"),
        ("status_message", String(repeating: "x", count: 101)), ("bio", String(repeating: "x", count: 501)),
        ("bio", " "), ("bio", "a\u{1}"), ("locale", "english"), ("locale", "en_GB"), ("locale", "EN"),
        ("locale", "en-"),
        ("locale", "en-GB-x"), ("locale", "e"), ("locale", "en-gb"), ("locale", "é-GB"),
        ("time_zone", "Europe/Nowhere"),
        ("time_zone", "europe/london"), ("time_zone", "UTC+3"), ("time_zone", ""), ("time_zone", "Europe/ London"),
        ("time_zone", String(repeating: "x", count: 65)),
    ]) func isRefusedByName(_ field: String, _ value: String) async throws {
        let alice = try await site.signUp()
        let before = try await alice.get("/v1/me").body
        let body = JSONValue.object(JSONObject([("private", .bool(true)), (field, .string(value))]))
        #expect(try await change(alice, body).isProblem(400, "invalid_field", field: field))
        #expect(try await alice.get("/v1/me").body == before)
    }

    @Test func whatIsNotThereYetIsUnknown() async throws {
        let alice = try await site.signUp()
        for field in ["avatar", "room", "handle", "role"] {
            let response = try await change(alice, .object(JSONObject([(field, .string("x"))])))
            #expect(response.isProblem(400, "unknown_field", field: field))
        }
        for field in ["private", "discoverable"] {
            let response = try await change(alice, .object(JSONObject([(field, .null)])))
            #expect(response.isProblem(400, "invalid_field", field: field))
        }
    }

    /// A new name is in all posts at once, also in those of a process that knows the old one.
    @Test func aNewNameIsEverywhere() async throws {
        let (alice, bob) = (try await site.signUp(), try await site.signUp())
        let other = try await site.another()
        try await bob.follow(alice)
        _ = try await alice.post(text: "before")
        _ = try await alice.on(other).post(text: "before, elsewhere")
        #expect(try await change(alice, ["display_name": "Alicia"]).status == 200)
        _ = try await alice.on(other).post(text: "after, elsewhere")
        let kept = try await alice.on(other).post("/v1/posts", ["text": "with a key"], ["Idempotency-Key": "k"])
        #expect(kept["author"]["display_name"].string == "Alicia")
        try await site.settle()
        try await other.settle()
        let feed = try await bob.get("/v1/feed")
        #expect(feed.items.count == 4)
        #expect(feed.items.allSatisfy { $0["author"]["display_name"].string == "Alicia" })
        await other.close()
    }

    // MARK: Private accounts

    /// All posts, old ones, too, are for followers from then on; followers stay. Public again, all is as before.
    @Test func goingPrivateAndBack() async throws {
        let (alice, bob, carol) = (try await site.signUp(), try await site.signUp(), try await site.signUp())
        try await bob.follow(alice)
        let old = try await alice.post(text: "old")
        #expect(try await change(alice, ["private": true])["private"].bool == true)
        let new = try await alice.post("/v1/posts", ["text": "new"])
        let explicit = try await alice.post("/v1/posts", ["text": "explicit", "visibility": "public"])
        #expect(new["visibility"].string == "followers" && explicit["visibility"].string == "public")
        try await site.settle()
        let (path, ids) = ("/v1/users/\(alice.id)/posts", [explicit, new].map { $0["id"].string! } + [old])
        for outsider: any Caller in [carol, site.stranger()] {
            let list = try await outsider.get(path)
            #expect(list.status == 200 && list.items.isEmpty && list.next == nil)
            for id in ids { #expect(try await outsider.get("/v1/posts/\(id)").isProblem(404, "not_found")) }
            let profile = try await outsider.get("/v1/users/\(alice.id)")
            #expect(profile["posts"].integer == 3 && profile["followers"].integer == 1)
        }
        for insider in [alice, bob] { #expect(try await insider.walk(path) == ids) }
        #expect(try await bob.walk() == ids)
        #expect(try await change(alice, ["private": false]).status == 200)
        // A post that was for followers stays so.
        #expect(try await carol.walk(path) == [ids[0], ids[2]])
    }

    /// Who had asked follows once the account is public, and has its posts at the 200.
    @Test func goingPublicAcceptsWhoHasAsked() async throws {
        let alice = try await site.signUp()
        let askers = try await concurrently(3) { _ in try await site.signUp() }
        #expect(try await change(alice, ["private": true]).status == 200)
        let post = try await alice.post(text: "for followers")
        for asker in askers { #expect(try await asker.put("/v1/users/\(alice.id)/follow").status == 202) }
        #expect(try await change(alice, ["private": false]).status == 200)
        for asker in askers { #expect(try await asker.walk() == [post]) }
        #expect(try await alice.get("/v1/me")["followers"].integer == 3)
        #expect(try await alice.get("/v1/me/requests").items.isEmpty)
        #expect(try await alice.walk("/v1/users/\(alice.id)/followers") == askers.reversed().map(\.id))
    }

    /// More of them than a request waits for are accepted by the upkeep, and so is who asked at that very moment.
    @Test func theRestFollowsByAndBy() async throws {
        let alice = try await site.signUp()
        #expect(try await change(alice, ["private": true]).status == 200)
        try await site.database.batch([
            """
            INSERT INTO users (id, handle, display_name, password_hash)
            SELECT n, 'asker_' || n, 'A', '' FROM generate_series(100, 219) n
            """,
            """
            INSERT INTO follow_requests (target, asker, id)
            SELECT \(ID(alice.id)!)::bigint, n, n FROM generate_series(100, 219) n
            """,
        ])
        #expect(try await change(alice, ["private": false]).status == 200)
        #expect(try await alice.get("/v1/me")["followers"].integer == 100)
        try await site.runUpkeep()
        #expect(try await alice.get("/v1/me")["followers"].integer == 120)
        #expect(try await alice.get("/v1/me/requests").items.isEmpty)
    }

    /// Whoever is private keeps the requests.
    @Test func upkeepAcceptsNothingOfPrivateAccounts() async throws {
        let (alice, bob) = (try await site.signUp(), try await site.signUp())
        #expect(try await change(alice, ["private": true]).status == 200)
        #expect(try await bob.put("/v1/users/\(alice.id)/follow").status == 202)
        try await site.runUpkeep()
        #expect(try await alice.get("/v1/me/requests").items.count == 1)
    }
}
