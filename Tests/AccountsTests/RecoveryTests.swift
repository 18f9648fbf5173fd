import Core
import Store
import TestSite
import Testing

@testable import Accounts

/// `POST /v1/auth/recover` and `POST /v1/me/recovery-code`.
@Suite(.site, .serialized) struct RecoveryTests {
    private static let new = "a new horse battery"
    private let site = TestSite.current

    private func anonymous() async throws -> (user: TestUser, code: String) {
        let response = try await site.stranger().post("/v1/auth/anonymous")
        return (try TestUser(response, at: "127.0.0.1", of: site), response["recovery_code"].string ?? "")
    }

    /// A named user with a code.
    private func named() async throws -> (user: TestUser, code: String) {
        let alice = try await site.signUp()
        return (alice, try await code(of: alice, ["password": .string(TestUser.password)]))
    }

    private func code(of user: TestUser, _ confirmation: JSONValue) async throws -> String {
        let response = try await user.post("/v1/me/recovery-code", confirmation)
        guard response.status == 200, let code = response["recovery_code"].string else {
            throw UnexpectedResponse(response: response)
        }
        return code
    }

    private func recover(
        _ code: String, password: String? = nil, _ headers: [String: String] = [:]
    ) async throws -> TestResponse {
        var body: [(String, JSONValue)] = [("recovery_code", .string(code))]
        if let password { body.append(("password", .string(password))) }
        return try await site.stranger().post("/v1/auth/recover", .object(JSONObject(body)), headers)
    }

    private func logIn(_ user: TestUser, _ password: String) async throws -> Int {
        try await site.stranger().post(
            "/v1/auth/login", ["handle": .string(user.handle), "password": .string(password)]
        ).status
    }

    @Test func opensTheAccountOnce() async throws {
        let (anna, code) = try await anonymous()
        let response = try await recover(code)
        #expect(response.status == 200 && response["user"]["id"].string == anna.id)
        let next = response["recovery_code"].string
        #expect(next != nil && next != code)
        #expect(try await recover(code).isProblem(401, "invalid_credentials"))
        #expect(try await anna.get("/v1/me").isProblem(401, "unauthenticated"))
        let refresh: JSONValue = ["refresh_token": .string(anna.refreshToken)]
        #expect(try await site.stranger().post("/v1/auth/refresh", refresh).status == 401)
        let here = try anna.with(response)
        #expect(try await here.get("/v1/me/sessions").items.count == 1)
        #expect(try await recover(next!)["user"]["id"].string == anna.id)
        #expect(try await here.get("/v1/me").isProblem(401, "unauthenticated"))
    }

    @Test func asAPersonHasWrittenItDown() async throws {
        var (_, code) = try await anonymous()
        let spellings: [@Sendable (String) -> String] = [
            { $0.lowercased() }, { $0.filter { $0 != "-" } }, { " " + $0.replacing("-", with: " ") + " " },
            { $0.replacing("0", with: "O").replacing("1", with: "l") },
        ]
        for spelling in spellings {
            let response = try await recover(spelling(code))
            #expect(response.status == 200)
            code = response["recovery_code"].string ?? ""
        }
    }

    @Test func codesThatAreNone() async throws {
        let (_, code) = try await anonymous()
        let wrong = [
            "", "x", String(code.dropLast()), code + "7", code.replacing("-", with: "_"),
            String(repeating: "-", count: 5000) + code, "\0" + code, String(repeating: "7K2Q", count: 8),
            String(code.dropLast()) + (code.hasSuffix("A") ? "B" : "A"),
        ]
        for text in wrong { #expect(try await recover(text).isProblem(401, "invalid_credentials"), "\(text)") }
        let nothing = try await site.stranger().post("/v1/auth/recover", [:])
        #expect(nothing.isProblem(400, "missing_field", field: "recovery_code"))
        #expect(try await recover(code).status == 200)
    }

    @Test func ofManyAtOnceOneIsServed() async throws {
        let (anna, code) = try await anonymous()
        let responses = try await concurrently(8) { _ in try await recover(code) }
        let served = responses.filter { $0.status == 200 }
        #expect(served.count == 1 && responses.count { $0.isProblem(401, "invalid_credentials") } == 7)
        #expect(try await anna.with(served[0]).get("/v1/me").status == 200)
    }

    @Test func aReplay() async throws {
        let (anna, code) = try await anonymous()
        let first = try await recover(code, ["Idempotency-Key": "k"])
        let again = try await recover(code, ["Idempotency-Key": "k"])
        #expect(first.status == 200 && again.isReplayed && again.body == first.body)
        #expect(try await anna.with(first).get("/v1/me").status == 200)
        let next = first["recovery_code"].string!
        #expect(try await recover(next).status == 200)
        #expect(try await recover(code, ["Idempotency-Key": "k"]).isProblem(401, "invalid_credentials"))
    }

    // MARK: Passwords

    @Test func aNewPassword() async throws {
        let (alice, code) = try await named()
        let key = ["Idempotency-Key": "k"]
        let response = try await recover(code, password: Self.new, key)
        #expect(response.status == 200)
        #expect(try await recover(code, password: Self.new, key).isReplayed)
        #expect(try await logIn(alice, TestUser.password) == 401)
        #expect(try await logIn(alice, Self.new) == 200)
        #expect(try await alice.get("/v1/me").isProblem(401, "unauthenticated"))
    }

    @Test func withoutOneTheOldOneStays() async throws {
        let (alice, code) = try await named()
        #expect(try await recover(code).status == 200)
        #expect(try await logIn(alice, TestUser.password) == 200)
    }

    @Test func passwordsThatAreNone() async throws {
        let (alice, code) = try await named()
        #expect(try await recover(code, password: "short").isProblem(400, "invalid_field", field: "password"))
        let (_, other) = try await anonymous()
        #expect(try await recover(other, password: Self.new).isProblem(400, "invalid_field", field: "password"))
        #expect(try await recover(other).status == 200)
        #expect(try await alice.get("/v1/me").status == 200)
        #expect(try await recover(code).status == 200)
    }

    /// Who knew the password before may have a code by it.
    @Test func aChangeOfThePasswordEndsTheCode() async throws {
        let (alice, code) = try await named()
        let rename: JSONValue = ["handle": .string(site.newHandle())]
        #expect(try await alice.put("/v1/me/credentials", rename).status == 204)
        #expect(try await alice.get("/v1/me").status == 200)
        let change: JSONValue = ["password": .string(Self.new), "old_password": .string(TestUser.password)]
        #expect(try await alice.put("/v1/me/credentials", change).status == 204)
        #expect(try await recover(code).isProblem(401, "invalid_credentials"))
        #expect(try await alice.get("/v1/me").status == 200)
    }

    /// Who has verified the password a moment ago has no session by it once the account is recovered.
    @Test func whatWasVerifiedBefore() async throws {
        let (alice, code) = try await named()
        let candidate = try await site.accounts.candidate(handle: alice.handle, from: "127.0.0.1")
        let verified = try await site.accounts.authenticate(candidate, password: TestUser.password)
        #expect(try await recover(code, password: Self.new).status == 200)
        await #expect(throws: Accounts.noSuchAccount) {
            try await site.database.transaction {
                _ = try await site.accounts.logIn($0, verified, from: SessionOrigin(address: "127.0.0.1", client: nil))
            }
        }
    }

    /// A session that the recovery ends while it waits for the account changes nothing any more.
    @Test func whoWaitsMeanwhile() async throws {
        let (anna, _) = try await anonymous()
        let id = ID(anna.id)!
        let taken: JSONValue = ["handle": "taken_over", "password": .string(Self.new)]
        let waiting = try await site.database.transaction { transaction in
            try await transaction.query("SELECT id FROM users WHERE id = \(id) FOR NO KEY UPDATE")
            let waiting = Task { try await anna.put("/v1/me/credentials", taken) }
            try await eventually { try await self.site.waitingForLocks() > 0 }
            try await transaction.batch([
                "UPDATE users SET password_changes = password_changes + 1 WHERE id = \(id)",
                "UPDATE sessions SET ended_at = now() WHERE user_id = \(id)",
            ])
            return waiting
        }
        #expect(try await waiting.value.status / 100 == 4)
        let users = try await site.database.query("SELECT anonymous FROM users WHERE id = \(id)")
        #expect(try users[0].bool("anonymous"))
    }

    // MARK: Asking for a code

    @Test func aCodeForTheAsking() async throws {
        let (alice, first) = try await named()
        let second = try await code(of: alice, ["recovery_code": .string(first)])
        let third = try await code(of: alice, ["password": .string(TestUser.password)])
        #expect(Set([first, second, third]).count == 3)
        for old in [first, second] { #expect(try await recover(old).isProblem(401, "invalid_credentials")) }
        #expect(try await alice.get("/v1/me").status == 200)
        #expect(try await recover(third)["user"]["id"].string == alice.id)
    }

    @Test func whoAsksMustBeTheUser() async throws {
        let ((alice, _), (anna, annas)) = (try await named(), try await anonymous())
        func ask(_ user: TestUser, _ body: JSONValue) async throws -> TestResponse {
            try await user.post("/v1/me/recovery-code", body)
        }
        #expect(try await ask(alice, [:]).isProblem(403, "password_required", field: "password"))
        #expect(try await ask(alice, ["password": "wrong"]).isProblem(403, "password_required", field: "password"))
        for code in [annas, "nonsense", ""] {
            let response = try await ask(alice, ["recovery_code": .string(code)])
            #expect(response.isProblem(403, "password_required", field: "recovery_code"))
        }
        #expect(try await ask(anna, ["password": "*"]).isProblem(403, "password_required", field: "password"))
        let both: JSONValue = ["password": .string(TestUser.password), "recovery_code": .string(annas)]
        #expect(try await ask(alice, both).isProblem(400, "invalid_field", field: "recovery_code"))
        let stranger = try await site.stranger().post("/v1/me/recovery-code", [:])
        #expect(stranger.isProblem(401, "unauthenticated"))
        #expect(try await recover(annas).status == 200)
    }

    @Test func aReplayOfTheAsking() async throws {
        let (alice, first) = try await named()
        let (body, key): (JSONValue, _) = (["recovery_code": .string(first)], ["Idempotency-Key": "k"])
        let response = try await alice.post("/v1/me/recovery-code", body, key)
        let again = try await alice.post("/v1/me/recovery-code", body, key)
        #expect(response.status == 200 && again.isReplayed && again.body == response.body)
        #expect(try await recover(response["recovery_code"].string!).status == 200)
    }

    // MARK: Who is not here

    @Test func theSuspended() async throws {
        let (anna, code) = try await anonymous()
        try await site.suspend(anna)
        #expect(try await recover(code).isProblem(403, "account_suspended"))
        try await site.restore(anna)
        #expect(try await recover(code).status == 200)
    }

    /// Until they are erased they may take it back, and nothing else.
    @Test func thoseWhoLeave() async throws {
        let (anna, code) = try await anonymous()
        #expect(try await anna.post("/v1/me/deletion", ["recovery_code": .string(code)]).status == 202)
        #expect(try await anna.get("/v1/me").status == 401)
        let response = try await recover(code)
        #expect(response.status == 200 && response["leaving"].bool == true)
        let here = try anna.with(response)
        #expect(try await here.get("/v1/me").isProblem(403, "forbidden"))
        #expect(try await here.delete("/v1/me/deletion").status == 204)
        #expect(try await recover(response["recovery_code"].string!)["leaving"].bool == nil)
    }
}
