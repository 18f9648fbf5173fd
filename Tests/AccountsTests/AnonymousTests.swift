import Core
import Store
import TestSite
import Testing

/// `POST /v1/auth/anonymous`, and how such an account gets a name.
@Suite(.site, .serialized) struct AnonymousTests {
    private let site = TestSite.current

    private func signUp(_ body: JSONValue? = nil, _ headers: [String: String] = [:]) async throws -> TestResponse {
        try await site.stranger().post("/v1/auth/anonymous", body, headers)
    }

    private func anonymous() async throws -> (user: TestUser, code: String) {
        let response = try await signUp()
        guard let code = response["recovery_code"].string else { throw UnexpectedResponse(response: response) }
        return (try TestUser(response, at: "127.0.0.1", of: site), code)
    }

    private func logIn(_ handle: String, _ password: String = TestUser.password) async throws -> TestResponse {
        try await site.stranger().post(
            "/v1/auth/login", ["handle": .string(handle), "password": .string(password)])
    }

    private func name(_ handle: String) -> JSONValue {
        ["handle": .string(handle), "password": .string(TestUser.password)]
    }

    @Test func isAnAccountLikeOthers() async throws {
        let response = try await signUp()
        #expect(response.status == 201)
        #expect(
            response.json.object?.keys
                == ["user", "access_token", "token_type", "expires_in", "refresh_token", "recovery_code"])
        let handle = try #require(response["user"]["handle"].string)
        #expect(handle.wholeMatch(of: #/anon_[a-z0-9]{12}/#) != nil)
        #expect(response["user"]["display_name"].string == handle && response["user"]["anonymous"].bool == true)
        let code = try #require(response["recovery_code"].string)
        #expect(code.wholeMatch(of: #/([0-9A-HJKMNP-TV-Z]{4}-){7}[0-9A-HJKMNP-TV-Z]{4}/#) != nil)
        let (anna, bob) = (try TestUser(response, at: "127.0.0.1", of: site), try await site.signUp())
        #expect(try await anna.get("/v1/me")["anonymous"].bool == true)
        try await bob.follow(anna)
        let post = try await anna.post(text: "hello")
        try await site.settle()
        #expect(try await bob.walk() == [post])
        #expect(try await bob.get("/v1/users/\(anna.id)")["anonymous"].bool == true)
        #expect(try await bob.get("/v1/me").json.object?.keys.contains("anonymous") == false)
    }

    @Test func noTwoAreTheSame() async throws {
        let (first, second) = (try await anonymous(), try await anonymous())
        #expect(first.user.id != second.user.id && first.user.handle != second.user.handle)
        #expect(first.code != second.code)
    }

    @Test func aDisplayName() async throws {
        #expect(try await signUp(["display_name": "Anna 🐦"])["user"]["display_name"].string == "Anna 🐦")
        #expect(try await signUp(["display_name": ""]).isProblem(400, "invalid_field", field: "display_name"))
        #expect(try await signUp(["display_name": "Martlet"]).isProblem(400, "name_refused", field: "display_name"))
        #expect(try await signUp(["handle": "anna"]).isProblem(400, "unknown_field", field: "handle"))
    }

    /// No address, no client, no code; and no password, so nothing is the right one.
    @Test func nothingOfThePersonIsStored() async throws {
        let response = try await site.stranger().post("/v1/auth/anonymous", nil, ["User-Agent": "Anna's own browser"])
        let anna = try TestUser(response, at: "127.0.0.1", of: site)
        let refreshed = try await site.stranger().post(
            "/v1/auth/refresh", ["refresh_token": .string(anna.refreshToken)], ["User-Agent": "Anna's own browser"])
        #expect(refreshed.status == 200)
        let session = try await anna.with(refreshed).get("/v1/me/sessions")
        #expect(session.items.count == 1 && session.items[0]["client"].string == nil)
        let id = ID(anna.id)!
        let rows = try await site.database.query(
            """
            SELECT (SELECT count(*) FROM known_addresses WHERE user_id = \(id)) AS addresses,
                (SELECT count(*) FROM sessions WHERE user_id = \(id) AND client IS NOT NULL) AS clients, u::text AS row
            FROM users u WHERE id = \(id)
            """)
        #expect(try rows[0].integer("addresses") == 0 && rows[0].integer("clients") == 0)
        let code = response["recovery_code"].string!
        #expect(try !rows[0].text("row").contains(code.filter { $0 != "-" }))
        for password in ["*", "", "*0", TestUser.password] {
            #expect(try await logIn(anna.handle, password).isProblem(401, "invalid_credentials"))
        }
    }

    // MARK: A name

    @Test func becomesNamed() async throws {
        let (anna, code) = try await anonymous()
        let other = try await site.stranger().post("/v1/auth/recover", ["recovery_code": .string(code)])
        let here = try anna.with(other)
        let next = other["recovery_code"].string!
        let name = site.newHandle()
        let key = ["Idempotency-Key": "name"]
        #expect(try await here.put("/v1/me/credentials", self.name(name.uppercased()), key).status == 204)
        let again = try await here.put("/v1/me/credentials", self.name(name.uppercased()), key)
        #expect(again.status == 204 && again.isReplayed)
        let me = try await here.get("/v1/me")
        #expect(me["handle"].string == name && me["display_name"].string == name && me["id"].string == anna.id)
        #expect(me.json.object?.keys.contains("anonymous") == false)
        #expect(try await logIn(name).status == 200)
        // From now on the old password is needed; the code is still good.
        let second: JSONValue = ["password": "a new horse battery"]
        #expect(
            try await here.put("/v1/me/credentials", second).isProblem(403, "password_required", field: "old_password"))
        #expect(
            try await site.stranger().post("/v1/auth/recover", ["recovery_code": .string(next)])["user"]["id"].string
                == anna.id)
    }

    @Test func aNameEndsAllOtherSessions() async throws {
        let (anna, _) = try await anonymous()
        let accounts = site.accounts
        let opened = try await accounts.openSession(of: ID(anna.id)!, seconds: 900)
        var tablet = anna
        tablet.accessToken = accounts.accessToken(user: ID(anna.id)!, session: opened)
        #expect(try await tablet.get("/v1/me").status == 200)
        #expect(try await anna.put("/v1/me/credentials", name(site.newHandle())).status == 204)
        #expect(try await tablet.get("/v1/me").isProblem(401, "unauthenticated"))
        #expect(try await anna.get("/v1/me").status == 200)
    }

    @Test func theDisplayNameThatWasChosenStays() async throws {
        let response = try await signUp(["display_name": "Anna"])
        let anna = try TestUser(response, at: "127.0.0.1", of: site)
        #expect(try await anna.put("/v1/me/credentials", name(site.newHandle())).status == 204)
        #expect(try await anna.get("/v1/me")["display_name"].string == "Anna")
    }

    @Test func handleAndPasswordAtOnce() async throws {
        let ((anna, _), bob) = (try await anonymous(), try await site.signUp())
        for (body, field): (JSONValue, String) in [
            (["handle": .string(site.newHandle())], "password"),
            (["password": .string(TestUser.password)], "handle"),
        ] {
            #expect(try await anna.put("/v1/me/credentials", body).isProblem(400, "missing_field", field: field))
        }
        let taken = try await anna.put("/v1/me/credentials", name(bob.handle))
        #expect(taken.isProblem(409, "handle_taken", field: "handle"))
        for handle in [anna.handle, "martlet", "anon_0123456789ab"] {
            let response = try await anna.put("/v1/me/credentials", name(handle))
            #expect(response.isProblem(400, "name_refused", field: "handle"))
        }
        #expect(try await anna.get("/v1/me")["anonymous"].bool == true)
    }

    /// Of two at once in one session one is served; the other would be a change without the old password.
    @Test func twoNamesAtOnce() async throws {
        let (anna, _) = try await anonymous()
        let responses = try await concurrently(4) { _ in
            try await anna.put("/v1/me/credentials", name(site.newHandle()))
        }
        #expect(responses.count { $0.status == 204 } == 1)
        #expect(responses.count { $0.isProblem(403, "password_required", field: "old_password") } == 3)
    }

    @Test(arguments: ["anon_0123456789ab", "ANON_abcdefghijkl", "anon_abcdefghijkl_x", "anon_abcdefghijklmnop"])
    func nobodyElseIsCalledSo(_ handle: String) async throws {
        let response = try await site.stranger().post("/v1/auth/signup", name(handle))
        #expect(response.isProblem(400, "name_refused", field: "handle"))
        let bob = try await site.signUp()
        let change = try await bob.put("/v1/me/credentials", ["handle": .string(handle)])
        #expect(change.isProblem(400, "name_refused", field: "handle"))
    }

    @Test(arguments: ["anon_abcdefghijk", "anon_short", "anonymous", "anon_abc_efghijkl"])
    func othersAreFree(_ handle: String) async throws {
        #expect(try await site.stranger().post("/v1/auth/signup", name(handle)).status == 201)
    }

    // MARK: Idempotency: the key is all that keeps one stranger's account from another

    @Test func aReplay() async throws {
        let key = ["Idempotency-Key": "f3c9e7a2-81d0-4a52-9b0e-1d2f6c7a8b90"]
        let first = try await signUp(nil, key)
        let again = try await signUp(nil, key)
        #expect(again.isReplayed && again.status == 201 && again.body == first.body)
        let anna = try TestUser(first, at: "127.0.0.1", of: site)
        let end: JSONValue = ["refresh_token": .string(anna.refreshToken)]
        #expect(try await site.stranger().post("/v1/auth/logout", end).status == 204)
        let later = try await signUp(nil, key)
        #expect(later.status == 201 && !later.isReplayed && later["user"]["id"] != first["user"]["id"])
    }

    @Test func aKeyThatCanBeGuessed() async throws {
        for key in ["1", String(repeating: "x", count: 21)] {
            let refused = try await signUp(nil, ["Idempotency-Key": key])
            #expect(refused.isProblem(400, "invalid_field", field: "Idempotency-Key"))
        }
        #expect(try await signUp(nil, ["Idempotency-Key": "0123456789abcdefghijkl"]).status == 201)
    }

    /// What is kept for a replay is sealed.
    @Test func noCodeIsInTheDatabase() async throws {
        let response = try await signUp(nil, ["Idempotency-Key": "f8d2f4a0-1f7c-4a7e-8f55-0c1d2e3f4a5b"])
        let code = try #require(response["recovery_code"].string)
        let rows = try await site.database.query("SELECT response FROM idempotency_keys")
        #expect(!rows.isEmpty)
        for row in rows { #expect(try !String(decoding: row.bytes("response"), as: UTF8.self).contains(code)) }
    }
}

/// As sign-ups are.
@Suite(.siteWithLimits, .serialized) struct AnonymousLimitTests {
    private let site = TestSite.current

    @Test func fromOneAddress() async throws {
        var statuses: [Int] = []
        for _ in 0..<31 { statuses.append(try await site.stranger(at: "192.0.2.7").post("/v1/auth/anonymous").status) }
        #expect(statuses.prefix(30).allSatisfy { $0 == 201 } && statuses.last == 429)
        #expect(try await site.stranger(at: "192.0.2.8").post("/v1/auth/anonymous").status == 201)
    }
}
