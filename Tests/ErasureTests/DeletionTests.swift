import Core
import Crypto
import Feed
import Store
import TestSite
import Testing

/// `POST /v1/me/deletion`, and what becomes of it.
@Suite(.site, .serialized) struct DeletionTests {
    let site = TestSite.current
    static let password: JSONValue = ["password": .string(TestUser.password)]
    static let day = 86_400.0

    func leave(_ user: TestUser, grace: Int = 7) async throws -> TestResponse {
        let response = try await user.post("/v1/me/deletion?grace=\(grace)", Self.password)
        try #require(response.status == 202)
        return response
    }

    func receipt(_ deletion: TestResponse) async throws -> TestResponse {
        try await site.stranger().get(
            "/v1/deletions/\(deletion["id"].string ?? "")?key=\(deletion["key"].string ?? "")")
    }

    // MARK: Asked for

    @Test func invisibleAtOnce() async throws {
        let (alice, bob) = (try await site.signUp(), try await site.signUp())
        try await bob.follow(alice)
        let post = try await alice.post(text: "soon gone")
        try await site.settle()
        let deletion = try await leave(alice)
        #expect(deletion["state"].string == "scheduled" && deletion["stores"].array?.isEmpty == true)
        #expect(
            deletion["erase_at"].string == rfc3339(milliseconds: site.clock.milliseconds() + 7 * 86_400_000))
        #expect(try await bob.get("/v1/users/\(alice.id)").status == 404)
        #expect(try await bob.get("/v1/posts/\(post)").status == 404)
        #expect(try await bob.walk().isEmpty)
        #expect(try await alice.get("/v1/me").status == 401)
        let refresh: JSONValue = ["refresh_token": .string(alice.refreshToken)]
        #expect(try await site.stranger().post("/v1/auth/refresh", refresh).status == 401)
    }

    @Test func aLogInMayOnlyTakeItBack() async throws {
        let (alice, bob) = (try await site.signUp(), try await site.signUp())
        try await bob.follow(alice)
        let post = try await alice.post(text: "here again")
        try await site.settle()
        let deletion = try await leave(alice)
        let session = try await site.stranger().post(
            "/v1/auth/login", ["handle": .string(alice.handle), "password": .string(TestUser.password)])
        #expect(session["leaving"].bool == true)
        let back = try alice.with(session)
        for response in [
            try await back.get("/v1/me"), try await back.get("/v1/feed"),
            try await back.post("/v1/posts", ["text": "x"]),
            try await back.get("/v1/users/\(bob.id)"), try await back.post("/v1/me/deletion", Self.password),
        ] {
            #expect(response.status == 403 && response["code"].string == "forbidden")
        }
        let refreshed = try back.with(
            try await site.stranger().post("/v1/auth/refresh", ["refresh_token": .string(back.refreshToken)]))
        #expect(try await refreshed.get("/v1/me").status == 403)
        #expect(try await refreshed.delete("/v1/me/deletion").status == 204)
        #expect(try await receipt(deletion).status == 404)
        #expect(try await site.logIn(alice).get("/v1/me").status == 200)
        try await site.settle()
        #expect(try await bob.walk() == [post])
        #expect(try await site.logIn(alice).delete("/v1/me/deletion").status == 404)
        // Nobody is erased.
        try await site.pass(seconds: 8 * Self.day)
        try await site.runJobs()
        #expect(try await site.stranger().get("/v1/users/\(alice.id)").status == 200)
    }

    /// Whose answer was lost gets it by the key of the request, after a log-in.
    @Test func aLostAnswer() async throws {
        let alice = try await site.signUp()
        let key = ["Idempotency-Key": "deletion-of-alice"]
        let first = try await alice.post("/v1/me/deletion?grace=7", Self.password, key)
        #expect(first.status == 202)
        let session = try await site.stranger().post(
            "/v1/auth/login", ["handle": .string(alice.handle), "password": .string(TestUser.password)])
        let back = try alice.with(session)
        let again = try await back.post("/v1/me/deletion?grace=7", Self.password, key)
        #expect(again.status == 202 && again.body == first.body)
        #expect(try await back.post("/v1/me/deletion?grace=7", Self.password).isProblem(403, "forbidden"))
        #expect(try await receipt(again)["state"].string == "scheduled")
    }

    /// Who has no password deletes the account by its recovery code, which opens nothing afterwards.
    @Test func anAnonymousAccount() async throws {
        let session = try await site.stranger().post("/v1/auth/anonymous")
        let anna = try TestUser(session, at: "127.0.0.1", of: site)
        let code: JSONValue = ["recovery_code": .string(session["recovery_code"].string ?? "")]
        #expect(try await anna.post("/v1/me/deletion", Self.password).isProblem(403, "password_required"))
        let deletion = try await anna.post("/v1/me/deletion?grace=0", code)
        #expect(deletion.status == 202)
        try await site.settle()
        try await untilDone(deletion)
        #expect(try await site.stranger().post("/v1/auth/recover", code).isProblem(401, "invalid_credentials"))
    }

    @Test func needsThePassword() async throws {
        let alice = try await site.signUp()
        for (body, field) in [
            (["password": "another one, but long"] as JSONValue, "password"), ([:], "password"),
            (["recovery_code": "another one"], "recovery_code"),
        ] {
            let response = try await alice.post("/v1/me/deletion", body)
            #expect(response.status == 403 && response["code"].string == "password_required")
            #expect(response["field"].string == field)
        }
        for grace in ["-1", "31", "x", "007"] {
            let response = try await alice.post("/v1/me/deletion?grace=\(grace)", Self.password)
            #expect(response.status == 400 && response["field"].string == "grace")
        }
        #expect(try await alice.post("/v1/me/deletion", ["secret": "x"]).status == 400)
        #expect(try await site.stranger().post("/v1/me/deletion", Self.password).status == 401)
        #expect(try await alice.get("/v1/me").status == 200)
    }

    // MARK: Receipts

    @Test func openByTheirKeyAlone() async throws {
        let deletion = try await leave(try await site.signUp())
        #expect(try await receipt(deletion).body == deletion.body)
        let id = deletion["id"].string!
        for key in ["", "x", String(repeating: "A", count: 32)] {
            #expect(try await site.stranger().get("/v1/deletions/\(id)?key=\(key)").status == 404)
        }
        #expect(try await site.stranger().get("/v1/deletions/\(id)").status == 400)
        #expect(try await site.stranger().get("/v1/deletions/1?key=\(deletion["key"].string!)").status == 404)
    }

    @Test func areSigned() async throws {
        let deletion = try await leave(try await site.signUp(), grace: 0)
        try await site.settle()
        try await site.runJobs()
        let keys = try await site.stranger().get("/v1/keys")
        let key = Base64URL.decode(keys["keys"][0]["x"].string!)!
        for receipt in [deletion, try await receipt(deletion)] {
            let text = String(decoding: receipt.body, as: UTF8.self)
            let signature = receipt["signature"].string!
            let unsigned = text.replacing(",\"signature\":\"\(signature)\"", with: "")
            #expect(unsigned.count < text.count)
            let bytes = Base64URL.decode(signature)!
            #expect(SigningKey.verify(bytes, of: Array(unsigned.utf8), by: key))
            #expect(!SigningKey.verify(bytes, of: Array(text.utf8), by: key))
        }
    }

    // MARK: Erased

    @Test func nothingIsLeft() async throws {
        let users = [try await site.signUp(), try await site.signUp(), try await site.signUp()]
        let (alice, bob, carol) = (users[0], users[1], users[2])
        try await bob.follow(alice)
        try await carol.follow(alice)
        try await alice.follow(bob)
        try await alice.follow(carol)
        let posts = try await alice.posts(30)
        _ = try await alice.send("PATCH", "/v1/posts/\(posts[0])", body: Array(#"{"text":"edited"}"#.utf8))
        _ = try await alice.delete("/v1/posts/\(posts[1])")
        _ = try await bob.put("/v1/posts/\(posts[2])/bookmark")
        _ = try await alice.put("/v1/posts/\(try await bob.post(text: "bob's"))/bookmark")
        _ = try await alice.put("/v1/users/\(carol.id)/mute", [:])
        _ = try await alice.put("/v1/users/\(carol.id)/block")
        try await site.settle()
        for user in users { _ = try await user.walk() }
        let (before, blocked) = (try await bob.get("/v1/me"), try await carol.get("/v1/me"))
        #expect(before["followers"].integer == 1 && before["following"].integer == 1)
        #expect(blocked["following"].integer == 0)

        try await site.database.query(
            """
            INSERT INTO audit (id, who, did, target, before, after, request_id)
            VALUES (1, \(ID(alice.id)!), 'x', \(ID(bob.id)!), '{}', '{}', ''), (2, NULL, 'x', \(ID(alice.id)!), '{}', '{}', '')
            """)
        let deletion = try await leave(alice, grace: 1)
        try await site.settle()
        try await site.runJobs()
        #expect(try await receipt(deletion)["state"].string == "scheduled")
        try await site.pass(seconds: Self.day + 1)
        try await untilDone(deletion)

        let receipt = try await receipt(deletion)
        let stores = Dictionary(
            uniqueKeysWithValues: receipt["stores"].array!.map { ($0["name"].string!, $0) })
        #expect(Set(stores.keys) == Set(site.holdings.map(\.name)))
        #expect(stores["postgres.posts"]!["found"].integer == 30)
        #expect(stores["postgres.posts"]!["removed"].integer == 30)
        #expect(stores["postgres.post_versions"]!["removed"].integer == 1)
        #expect(stores["postgres.follows"]!["removed"].integer == 2)
        #expect(stores["postgres.bookmarks"]!["removed"].integer == 2)
        #expect(stores["postgres.feed_items"]!["removed"].integer! > 50)
        #expect(stores["redis.timelines"]!["removed"].integer! > 20)
        #expect(stores["postgres.users"]!["removed"].integer == 1)
        for (name, store) in stores {
            #expect(store["left"].integer == 0 || store["kept_until"].string != nil, "\(name)")
        }
        let audit = try await site.database.query("SELECT who, target FROM audit ORDER BY id")
        #expect(try audit.map { try $0.optionalInteger("who") } == [0, nil])
        #expect(try audit.map { try $0.id("target") } == [ID(bob.id)!, .zero])
        for forbidden: SQL in [
            "UPDATE audit SET did = 'y'", "UPDATE audit SET target = 7", "DELETE FROM audit", "TRUNCATE audit",
        ] {
            await #expect(throws: PgError.self) { try await site.database.query(forbidden) }
        }
        // Whoever stays is counted down.
        let (bobLater, carolLater) = (try await site.logIn(bob), try await site.logIn(carol))
        let after = try await bobLater.get("/v1/me")
        #expect(after["followers"].integer == 0 && after["following"].integer == 0)
        #expect(try await carolLater.get("/v1/me")["followers"].integer == 0)
        try await expectNothing(of: alice)
        #expect(
            try await site.stranger().post(
                "/v1/auth/signup", ["handle": .string(alice.handle), "password": .string(TestUser.password)]
            )["code"].string == "handle_taken")
        let newHandle = try await bobLater.put("/v1/me/credentials", ["handle": .string(alice.handle)])
        #expect(newHandle["code"].string == "handle_taken")
    }

    /// The relay moves the outbox meanwhile.
    func untilDone(_ deletion: TestResponse) async throws {
        try await eventually {
            try await self.site.runJobs()
            try await self.site.settle()
            return try await self.receipt(deletion)["state"].string == "done"
        }
    }

    /// A second scan, which knows nothing of the first: all numbers in all tables, and all of Redis.
    func expectNothing(of user: TestUser) async throws {
        let id = ID(user.id)!
        let columns = try await site.database.query(
            """
            SELECT c.relname::text AS name, a.attname::text AS column_name FROM pg_attribute a
            JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped
            """
        ).map { (try $0.text("name"), try $0.text("column_name")) }
        #expect(columns.count > 80)
        // What forgets by age.
        for (table, column) in columns where !["log_records", "erased_users"].contains(table) {
            let found = try await site.database.query(
                """
                SELECT (xpath('/row/n/text()', query_to_xml(format(
                    'SELECT count(*) AS n FROM %I t WHERE t.%I::text LIKE %L', \(table)::text, \(column)::text,
                    '%' || \(user.id)::text || '%'), false, true, '')))[1]::text::int AS n
                """)[0].int("n")
            #expect(found == 0, "\(table).\(column)")
        }
        var writer = ByteWriter(capacity: 7)
        writer.append(bigEndian: UInt64(id.raw), width: 7)
        for key in try await site.keys() {
            // What forgets by age.
            guard !key.hasPrefix("changes:"), !key.hasPrefix("severed:") else { continue }
            #expect(!key.contains(user.id), "\(key)")
            let bytes = try await site.contents(of: key)
            #expect(!bytes.contains(writer.bytes), "\(key)")
            #expect(!bytes.contains(Array(user.id.utf8)), "\(key)")
        }
    }

    @Test func itIsTooLateOnceItHasBegun() async throws {
        let alice = try await site.signUp()
        _ = try await leave(alice)
        let back = try await site.logIn(alice)
        try await site.database.query("UPDATE deletions SET state = 'running' WHERE user_id = \(ID(alice.id)!)")
        let response = try await back.delete("/v1/me/deletion")
        #expect(response.status == 410 && response["code"].string == "gone")
    }
}

extension [UInt8] {
    fileprivate func contains(_ other: [UInt8]) -> Bool {
        guard count >= other.count else { return false }
        return (0...(count - other.count)).contains {
            self[$0] == other[0] && self[$0..<($0 + other.count)].elementsEqual(other)
        }
    }
}
