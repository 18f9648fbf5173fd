import Core
import TestSite
import Testing

/// `POST /v1/auth/signup`.
@Suite(.site) struct SignUpTests {
    private let site = TestSite.current

    private func signUp(_ fields: (String, JSONValue)...) async throws -> TestResponse {
        var body: [(String, JSONValue)] = [
            ("handle", .string(site.newHandle())), ("password", .string(TestUser.password)),
        ].filter { known in !fields.contains { $0.0 == known.0 } }
        body += fields
        return try await site.stranger().post("/v1/auth/signup", .object(JSONObject(body)))
    }

    @Test func isASession() async throws {
        let handle = site.newHandle()
        let response = try await signUp(("handle", .string(handle)), ("display_name", "Alice 🐦 L."))
        #expect(response.status == 201)
        #expect(response.json.object?.keys == ["user", "access_token", "token_type", "expires_in", "refresh_token"])
        #expect(response["token_type"].string == "Bearer" && response["expires_in"].integer == 900)
        let user = response["user"]
        #expect(user["handle"].string == handle && user["display_name"].string == "Alice 🐦 L.")
        #expect(["followers", "following", "posts"].map { user[$0].integer } == [0, 0, 0])
        #expect(user["created_at"].string == rfc3339(milliseconds: site.clock.milliseconds()))
        let alice = try TestUser(response, at: "127.0.0.1", of: site)
        let me = try await alice.get("/v1/me")
        #expect(me.status == 200 && me["id"].string == alice.id && me["handle"].string == handle)
    }

    @Test func theAccessTokenLivesForFifteenMinutes() async throws {
        let response = try await signUp()
        let parts = response["access_token"].string!.split(separator: ".")
        let claims = try JSONValue.parse(Base64URL.decode(String(parts[1]))!)
        #expect(claims["sub"] == response["user"]["id"])
        #expect(claims["iat"].integer == site.clock.milliseconds() / 1000)
        #expect(claims["exp"].integer == claims["iat"].integer! + 900)
        #expect(claims["jti"].string?.isEmpty == false && claims["sid"].string?.isEmpty == false)
    }

    @Test(arguments: [
        "ab", "", String(repeating: "x", count: 31), "a b", "a-b", "ä__", "a.b", "@abc", "abc\n", "abc ", "ab\0", "ａｂｃ",
    ]) func handlesThatAreNone(_ handle: String) async throws {
        #expect(try await signUp(("handle", .string(handle))).isProblem(400, "invalid_field", field: "handle"))
    }

    @Test(arguments: ["abc", "a_9", String(repeating: "x", count: 30)]) func handlesAtTheLimits(
        _ handle: String
    ) async throws {
        #expect(try await signUp(("handle", .string(handle))).status == 201)
    }

    @Test func handlesAreOneInAnyCase() async throws {
        #expect(try await signUp(("handle", "Mixed_CASE"))["user"]["handle"].string == "mixed_case")
        for spelling: JSONValue in ["Mixed_CASE", "mixed_case", "MIXED_CASE"] {
            #expect(try await signUp(("handle", spelling)).isProblem(409, "handle_taken", field: "handle"))
        }
        let response = try await site.stranger().post(
            "/v1/auth/login", ["handle": "MIXED_case", "password": .string(TestUser.password)])
        #expect(response.status == 200)
    }

    @Test func oneHandleForOneOfMany() async throws {
        let responses = try await concurrently(10) { _ in try await signUp(("handle", "race")) }
        #expect(responses.count { $0.status == 201 } == 1)
        #expect(responses.count { $0.isProblem(409, "handle_taken", field: "handle") } == 9)
    }

    @Test func aRefusedSignUpLeavesTheHandle() async throws {
        let long = JSONValue.string(String(repeating: "x", count: 61))
        let refused = try await signUp(("handle", "half"), ("display_name", long))
        #expect(refused.isProblem(400, "invalid_field", field: "display_name"))
        #expect(try await signUp(("handle", "half")).status == 201)
    }

    @Test(arguments: ["", "1234567", String(repeating: "x", count: 257)]) func passwordsOutOfBounds(
        _ password: String
    ) async throws {
        #expect(try await signUp(("password", .string(password))).isProblem(400, "invalid_field", field: "password"))
    }

    /// Neither a hash's limit of 72 bytes nor a zero byte cuts a password short.
    @Test(arguments: [
        "12345678", String(repeating: "x", count: 256), "pässwörd 🔑", "        ", "12345678\0abc",
    ]) func everyCharacterOfAPasswordCounts(_ password: String) async throws {
        let signedUp = try await signUp(("password", .string(password)))
        #expect(signedUp.status == 201)
        func logIn(_ password: String) async throws -> TestResponse {
            let handle = signedUp["user"]["handle"].string!
            return try await site.stranger().post(
                "/v1/auth/login", ["handle": .string(handle), "password": .string(password)])
        }
        #expect(try await logIn(password).status == 200)
        #expect(try await logIn(password.dropLast() + "y").isProblem(401, "invalid_credentials"))
        #expect(try await logIn(String(password.dropLast())).isProblem(401, "invalid_credentials"))
    }

    @Test(arguments: [
        "", String(repeating: "x", count: 61), "a\nb", "a\u{07}b", "a\u{7f}b", "\0", "a\u{85}b", "\u{200b}", "\u{3164}",
        "\u{2800}", "\u{feff}", "a\u{202e}b", "\u{2066}a", "🏴\u{e0067}",
    ]) func displayNamesThatAreNone(_ name: String) async throws {
        let response = try await signUp(("display_name", .string(name)))
        #expect(response.isProblem(400, "invalid_field", field: "display_name"))
    }

    @Test(arguments: [
        "x", String(repeating: "x", count: 60), String(repeating: "🐦", count: 60), "<b>&amp;\"'", "עברית", "👩‍👩‍👧", "हिन्दी",
    ]) func displayNamesComeBackAsGiven(_ name: String) async throws {
        let given = try await signUp(("display_name", .string(name)))["user"]["display_name"].string
        #expect(given.map { Array($0.utf8) } == Array(name.utf8))
    }

    @Test func theHandleIsTheNameOfWhoHasNone() async throws {
        #expect(try await signUp(("handle", "Nameless"))["user"]["display_name"].string == "nameless")
    }
}
