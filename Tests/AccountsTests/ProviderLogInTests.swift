import Core
import Crypto
import HTTPService
import OpenIDConnect
import Store
import TestSite
import Testing

/// Accounts that are opened by OpenID providers. What a provider is asked, and what is believed of it, is tested with one
/// that runs (`Tests/IntegrationTests/test_oidc_provider.py`).
@Suite(.site, .serialized) struct ProviderLogInTests {
    private let site = TestSite.current
    private static let provider = SiteOptions().providers[0]

    private func newcomer(_ subject: String) async throws -> TestUser {
        let response = try await site.logIn(subject: subject)
        guard response.status == 201 else { throw UnexpectedResponse(response: response) }
        return try TestUser(response, at: "127.0.0.1", of: site)
    }

    private func again(_ subject: String) async throws -> TestUser {
        try TestUser(try await site.logIn(subject: subject), at: "127.0.0.1", of: site)
    }

    private func patch(_ user: TestUser, _ body: JSONValue) async throws -> TestResponse {
        try await user.put("/v1/me/credentials", body)
    }

    // MARK: The account

    @Test func aNewAccountAndThenTheSame() async throws {
        let first = try await newcomer("ada")
        #expect(first.handle.wholeMatch(of: #/anon_[a-z0-9]{12}/#) != nil)
        let me = try await first.get("/v1/me")
        #expect(me["anonymous"].bool == true && me["has_password"].bool == false)
        let second = try await site.logIn(subject: "ada")
        #expect(second.status == 200 && second["user"]["id"].string == first.id)
        #expect(second["recovery_code"].string == nil)
        #expect(try await newcomer("bob").id != first.id)
        // The same name at another provider is somebody else; the operator's name for a provider means nothing.
        let elsewhere = Provider(
            name: "example", issuer: "https://other.example", clientID: "martlet",
            redirects: ["https://app.example/back"])
        #expect(try await site.logIn(subject: "ada", of: elsewhere).status == 201)
        let renamed = Provider(
            name: "renamed", issuer: Self.provider.issuer, clientID: "new", redirects: ["https://app.example/back"])
        #expect(try await site.logIn(subject: "ada", of: renamed)["user"]["id"].string == first.id)
    }

    @Test func nothingOfThePersonIsStored() async throws {
        let user = try await newcomer("subject-to-look-for")
        let id = ID(user.id)!
        let rows = try await site.database.query(
            """
            SELECT (SELECT count(*) FROM known_addresses WHERE user_id = \(id)) AS addresses,
                (SELECT count(*) FROM sessions WHERE user_id = \(id) AND client IS NOT NULL) AS clients,
                (SELECT i::text FROM identities i WHERE user_id = \(id)) AS identity, u::text AS row
            FROM users u WHERE id = \(id)
            """)
        #expect(try rows[0].integer("addresses") == 0 && rows[0].integer("clients") == 0)
        for column in ["identity", "row"] { #expect(try !rows[0].text(column).contains("subject")) }
        let plain = Crypto.sha256(Array("\(Self.provider.issuer)\nsubject-to-look-for".utf8))
        #expect(try await site.database.query("SELECT 1 FROM identities WHERE subject_hash = \(plain)").isEmpty)
    }

    /// The key is the database's: people get in when the site has another secret.
    @Test func anotherSecret() async throws {
        let user = try await newcomer("outlives the secret")
        let keys = try await site.database.query("SELECT key FROM identity_key")
        #expect(try keys.count == 1 && keys[0].bytes("key").count == 32)
        let hash = Crypto.hmacSHA256(
            key: try keys[0].bytes("key"), Array("\(Self.provider.issuer)\noutlives the secret".utf8))
        let found = try await site.database.query("SELECT user_id FROM identities WHERE subject_hash = \(hash)")
        #expect(try found[0].id("user_id").description == user.id)
    }

    @Test func manyAtOnceMakeOneAccount() async throws {
        let responses = try await concurrently(12) { _ in try await site.logIn(subject: "all at once") }
        #expect(Set(responses.map { $0["user"]["id"].string }).count == 1)
        #expect(responses.map(\.status).filter { $0 == 201 }.count == 1)
        let orphans = try await site.database.query(
            """
            SELECT 1 FROM users WHERE anonymous AND recovery_hash IS NULL
                AND NOT EXISTS (SELECT FROM identities WHERE user_id = users.id)
            """)
        #expect(orphans.isEmpty)
    }

    @Test func aLogInIsDoneOnce() async throws {
        let logIn = PendingLogIn(redirect: Self.provider.redirects[0], now: site.clock.milliseconds())
        let outcomes = try await concurrently(8) { _ in
            do {
                return try await site.logIn(subject: "once", by: logIn).status
            } catch let problem as Problem where problem.field == "state" {
                return 400
            }
        }
        #expect(outcomes.filter { $0 == 201 }.count == 1 && outcomes.filter { $0 == 400 }.count == 7)
        // Kept for as long as it could be done again, in any process.
        let marks: SQL = "SELECT 1 FROM used_log_ins WHERE mark = \(logIn.mark)"
        try await site.pass(seconds: 599)
        try await site.runUpkeep()
        #expect(try await site.database.query(marks).count == 1)
        try await site.pass(seconds: 120)
        try await site.runUpkeep()
        #expect(try await site.database.query(marks).isEmpty)
    }

    // MARK: Like other accounts

    @Test func suspended() async throws {
        let user = try await newcomer("suspended")
        try await site.suspend(user)
        await #expect(throws: Problem.self) { try await site.logIn(subject: "suspended") }
        try await site.restore(user)
        #expect(try await site.logIn(subject: "suspended").status == 200)
    }

    @Test func leavesAndComesBack() async throws {
        let user = try await newcomer("leaving")
        #expect(try await user.post("/v1/me/deletion").status == 202)
        #expect(try await user.get("/v1/me").status == 401)
        let session = try await site.logIn(subject: "leaving")
        #expect(session.status == 200 && session["leaving"].bool == true)
        let back = try user.with(session)
        #expect(try await back.get("/v1/me").isProblem(403, "forbidden"))
        #expect(try await back.delete("/v1/me/deletion").status == 204)
        #expect(try await again("leaving").get("/v1/me").status == 200)
    }

    /// Whoever was erased may come again, as somebody new.
    @Test func erased() async throws {
        let user = try await newcomer("erased")
        let deletion = try await user.post("/v1/me/deletion?grace=0")
        #expect(deletion.status == 202)
        try await site.settle()
        for _ in 0..<5 {
            try await site.runJobs()
            try await site.settle()
        }
        let receipt = try await site.stranger().get(
            "/v1/deletions/\(deletion["id"].string!)?key=\(deletion["key"].string!)")
        let store = receipt["stores"].array?.first { $0["name"].string == "postgres.identities" }
        #expect(receipt["state"].string == "done")
        #expect(store?["removed"].integer == 1 && store?["left"].integer == 0)
        let next = try await site.logIn(subject: "erased")
        #expect(next.status == 201 && next["user"]["id"].string != user.id)
    }

    // MARK: Without a password

    @Test func aYoungSessionConfirms() async throws {
        let user = try await newcomer("confirms")
        #expect(try await user.post("/v1/me/recovery-code").status == 200)
        try await site.pass(seconds: 599)
        let refreshed = try user.with(
            try await site.stranger().post("/v1/auth/refresh", ["refresh_token": .string(user.refreshToken)]))
        #expect(try await refreshed.post("/v1/me/recovery-code").status == 200)
        try await site.pass(seconds: 2)
        // A refresh makes a session no younger.
        let old = try user.with(
            try await site.stranger().post("/v1/auth/refresh", ["refresh_token": .string(refreshed.refreshToken)]))
        for response in [
            try await old.post("/v1/me/recovery-code"), try await old.post("/v1/me/deletion"),
            try await patch(old, ["handle": .string(site.newHandle()), "password": .string(TestUser.password)]),
        ] { #expect(response.isProblem(403, "password_required")) }
        #expect(
            try await old.post("/v1/me/deletion", ["password": "guess number one"]).isProblem(403, "password_required"))
        #expect(try await old.get("/v1/me").status == 200)
        let young = try await again("confirms")
        #expect(try await young.post("/v1/me/deletion").status == 202)
    }

    /// For whoever has a password, or a code and no provider, it confirms nothing.
    @Test func othersSessionsConfirmNothing() async throws {
        let named = try await site.signUp()
        let anonymous = try TestUser(
            try await site.stranger().post("/v1/auth/anonymous"), at: "127.0.0.1", of: site)
        for user in [named, anonymous] {
            #expect(try await user.post("/v1/me/deletion").isProblem(403, "password_required", field: "password"))
            #expect(try await user.post("/v1/me/recovery-code").isProblem(403, "password_required", field: "password"))
        }
        let change: JSONValue = ["password": "another password"]
        #expect(try await patch(named, change).isProblem(403, "password_required", field: "old_password"))
    }

    @Test func aHandleAlone() async throws {
        let user = try await newcomer("takes a name")
        try await site.pass(seconds: 601)
        #expect(
            try await patch(user, ["password": .string(TestUser.password)]).isProblem(
                400, "missing_field", field: "handle"))
        let handle = site.newHandle()
        #expect(try await patch(user, ["handle": .string(handle)]).status == 204)
        let me = try await user.get("/v1/me")
        #expect(me["handle"].string == handle && me["display_name"].string == handle)
        #expect(me.json.object?.keys.contains("anonymous") == false && me["has_password"].bool == false)
        #expect(try await again("takes a name").handle == handle)
        // And another one, later.
        #expect(try await patch(user, ["handle": .string(site.newHandle())]).status == 204)
    }

    @Test func aFirstPassword() async throws {
        let user = try await newcomer("takes a password")
        let (other, handle) = (try await again("takes a password"), site.newHandle())
        #expect(
            try await patch(user, ["handle": .string(handle), "password": .string(TestUser.password)]).status == 204)
        #expect(try await other.get("/v1/me").status == 401)
        #expect(try await user.get("/v1/me")["has_password"].bool == true)
        let login: JSONValue = ["handle": .string(handle), "password": .string(TestUser.password)]
        #expect(try await site.stranger().post("/v1/auth/login", login).status == 200)
        // From now on it is asked for, however young the session is; the provider still opens the account.
        let young = try await again("takes a password")
        #expect(try await young.post("/v1/me/deletion").isProblem(403, "password_required", field: "password"))
        #expect(try await young.post("/v1/me/deletion", ["password": .string(TestUser.password)]).status == 202)
    }

    @Test func aPasswordForANamedOne() async throws {
        let user = try await newcomer("named first")
        let code = try await user.post("/v1/me/recovery-code")["recovery_code"].string!
        #expect(try await patch(user, ["handle": .string(site.newHandle())]).status == 204)
        try await site.pass(seconds: 601)
        let change: JSONValue = ["password": .string(TestUser.password)]
        #expect(try await patch(user, change).isProblem(403, "password_required"))
        #expect(try await patch(try await again("named first"), change).status == 204)
        #expect(try await site.stranger().post("/v1/auth/recover", ["recovery_code": .string(code)]).status == 401)
    }

    @Test func aRecoveryCode() async throws {
        let user = try await newcomer("keeps a code")
        let code = try await user.post("/v1/me/recovery-code")["recovery_code"].string!
        try await site.pass(seconds: 601)
        let next = try await user.post("/v1/me/recovery-code", ["recovery_code": .string(code)])["recovery_code"]
            .string!
        let session = try await site.stranger().post("/v1/auth/recover", ["recovery_code": .string(next)])
        #expect(session.status == 200 && session["user"]["id"].string == user.id)
    }

    // MARK: Routes

    @Test func providers() async throws {
        let list = try await site.stranger().get("/v1/auth/oidc")
        #expect(list.status == 200 && list.items.count == 1)
        #expect(list.items[0] == ["name": "example", "title": "example", "redirects": ["https://app.example/back"]])
        #expect(!String(decoding: list.body, as: UTF8.self).contains("martlet"))
    }

    @Test func badStarts() async throws {
        let path = "/v1/auth/oidc/example/start"
        for redirect in [
            "https://app.example/back/", "https://app.example/bac", "https://evil.example", "",
            "HTTPS://app.example/back",
        ] {
            let response = try await site.stranger().post(path, ["redirect": .string(redirect)])
            #expect(response.isProblem(400, "invalid_field", field: "redirect"), "\(redirect)")
        }
        #expect(try await site.stranger().post(path, [:]).isProblem(400, "missing_field", field: "redirect"))
        let good: JSONValue = ["redirect": "https://app.example/back"]
        for name in ["nobody", "Example", "a-b", String(repeating: "x", count: 21)] {
            #expect(try await site.stranger().post("/v1/auth/oidc/\(name)/start", good).status == 404)
        }
        let away = try await site.stranger().post(path, good)
        #expect(away.isProblem(503, "provider_unavailable") && away.retryAfter == 5)
        #expect(!String(decoding: away.body, as: UTF8.self).contains("127.0.0.1"))
    }

    @Test func badFinishes() async throws {
        let path = "/v1/auth/oidc/example/finish"
        func finish(_ code: String, _ state: String) async throws -> TestResponse {
            try await site.stranger().post(path, ["code": .string(code), "state": .string(state)])
        }
        for state in [
            "", "x", String(repeating: "A", count: PendingLogIn.textLength), String(repeating: "A", count: 4000),
        ] {
            #expect(try await finish("c", state).isProblem(400, "invalid_field", field: "state"), "\(state)")
        }
        for code in ["", "é", "a\nb", String(repeating: "a", count: 2049)] {
            #expect(try await finish(code, "x").isProblem(400, "invalid_field", field: "code"), "\(code)")
        }
        #expect(try await site.stranger().post(path, ["code": "c"]).isProblem(400, "missing_field", field: "state"))
        #expect(
            try await site.stranger().post("/v1/auth/oidc/nobody/finish", ["code": "c", "state": "s"]).status == 404)
    }
}
