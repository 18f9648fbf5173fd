import Core
import TestSite
import Testing

/// What one address may ask of the routes that anybody may call: so much at once, and more when the wait is over that it is
/// told.
@Suite(.siteWithLimits, .serialized) struct AddressLimitTests {
    private let site = TestSite.current

    /// - Returns: the status of all that were let through, which are the same, and the first response to one that was not.
    private func untilRefused(
        _ most: Int, _ attempt: (Int) async throws -> TestResponse
    ) async throws -> (count: Int, refused: TestResponse?) {
        for number in 0...most {
            let response = try await attempt(number)
            if response.isProblem(429, "rate_limited") { return (number, response) }
        }
        return (most + 1, nil)
    }

    private func logIn(_ handle: String, at address: String) async throws -> TestResponse {
        try await site.stranger(at: address).post(
            "/v1/auth/login", ["handle": .string(handle), "password": "a wrong guess"])
    }

    /// One password over many handles, existing or not.
    @Test func oneAddressGuessesAtManyAccounts() async throws {
        let address = "192.0.2.66"
        let (count, refused) = try await untilRefused(200) { try await logIn("nobody_\($0)", at: address) }
        #expect(count == 120 && refused?.retryAfter == 1)
        #expect(try await logIn("nobody", at: "192.0.2.67").isProblem(401, "invalid_credentials"))
        try await site.pass(seconds: 0.4)
        #expect(try await logIn("nobody", at: address).status == 429)
        try await site.pass(seconds: 0.11)
        #expect(try await logIn("nobody", at: address).isProblem(401, "invalid_credentials"))
        #expect(try await logIn("nobody", at: address).status == 429)
    }

    /// A customer has 2^64 addresses; another network is somebody else.
    @Test func anIPv6NetworkIsOneGuesser() async throws {
        let count = try await untilRefused(200) { try await logIn("nobody_\($0)", at: "2001:db8:1:7:\($0)::1") }.count
        #expect(count == 120)
        #expect(try await logIn("nobody", at: "2001:db8:1:8::1").status == 401)
    }

    /// That a handle is taken can't be hidden; it costs a hash and counts.
    @Test func signUps() async throws {
        let taken = try await site.signUp(at: "203.0.113.1").handle
        let address = "203.0.113.2"
        func attempt() async throws -> TestResponse {
            let body: JSONValue = ["handle": .string(taken), "password": .string(TestUser.password)]
            return try await site.stranger(at: address).post("/v1/auth/signup", body)
        }
        let (count, refused) = try await untilRefused(100) { _ in
            let response = try await attempt()
            #expect([409, 429].contains(response.status))
            return response
        }
        #expect(count == 30 && refused?.retryAfter == 2)
        try await site.pass(seconds: 2.01)
        #expect(try await attempt().isProblem(409, "handle_taken"))
    }

    @Test(arguments: ["refresh", "logout"]) func refreshTokensThatAreGuessed(_ route: String) async throws {
        let address = "203.0.114.\(route.count)"
        let token = String(repeating: "A", count: 43)
        func attempt() async throws -> TestResponse {
            try await site.stranger(at: address).post("/v1/auth/\(route)", ["refresh_token": .string(token)])
        }
        let (count, refused) = try await untilRefused(400) { _ in try await attempt() }
        #expect(count == 300 && refused?.retryAfter == 1)
        try await site.pass(seconds: 1)
        #expect(try await attempt().status == (route == "refresh" ? 401 : 204))
    }

    /// Who is signed in is counted by user, whatever the address.
    @Test func writesOfAUser() async throws {
        let (alice, bob) = (try await site.signUp(at: "203.0.115.1"), try await site.signUp(at: "203.0.115.2"))
        var ids: [String] = []
        let (count, refused) = try await untilRefused(100) { number in
            let response = try await alice.at("203.0.116.\(number)").post("/v1/posts", ["text": "flood"])
            if let id = response["id"].string { ids.append(id) }
            return response
        }
        #expect(count == 60 && refused?.retryAfter == 1)
        #expect(try await bob.post("/v1/posts", ["text": "mine"]).status == 201)
        #expect(
            try await alice.walk("/v1/users/\(alice.id)/posts") == ids.reversed(), "what was refused was not written")
        try await site.pass(seconds: 1)
        #expect(try await alice.post("/v1/posts", ["text": "later"]).status == 201)
    }
}
