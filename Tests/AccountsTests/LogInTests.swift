import TestSite
import Testing

/// `POST /v1/auth/login`.
@Suite(.site) struct LogInTests {
    private let site = TestSite.current

    private func logIn(_ handle: String, _ password: String = TestUser.password) async throws -> TestResponse {
        try await site.stranger().post(
            "/v1/auth/login", ["handle": .string(handle), "password": .string(password)],
            ["X-Request-Id": "the-same"])
    }

    @Test func isASessionOfItsOwn() async throws {
        let alice = try await site.signUp()
        let response = try await logIn(alice.handle)
        #expect(response.status == 200 && response["user"]["id"].string == alice.id)
        #expect(response["access_token"].string != alice.accessToken)
        #expect(response["refresh_token"].string != alice.refreshToken)
        #expect(try await alice.with(response).get("/v1/me").status == 200)
        #expect(try await alice.get("/v1/me").status == 200)
    }

    @Test(arguments: [
        "x", "no such handle", "ab", String(repeating: "ä", count: 20), "a\0b", String(repeating: "x", count: 64),
        String(repeating: "x", count: 65), String(repeating: "x", count: 5000), "",
    ]) func doesNotTellWhoExists(_ handle: String) async throws {
        let alice = try await site.signUp()
        let wrong = try await logIn(alice.handle, "a wrong password")
        #expect(wrong.isProblem(401, "invalid_credentials"))
        for other in [try await logIn(handle), try await logIn("nobody_has_this")] {
            #expect(other.body == wrong.body && other.status == 401)
            #expect(other.headers.map(\.name) == wrong.headers.map(\.name))
        }
    }

    /// What is no hash opens nothing, and does no harm.
    @Test(arguments: ["*", "!", "", "$y$"]) func aPasswordThatWasLockedByHand(_ written: String) async throws {
        let alice = try await site.signUp()
        try await site.database.query(
            "UPDATE users SET password_hash = \(written) WHERE handle = \(alice.handle)")
        for password in [TestUser.password, written] {
            #expect(try await logIn(alice.handle, password).isProblem(401, "invalid_credentials"))
        }
        #expect(try await alice.get("/v1/me").status == 200)
    }
}
