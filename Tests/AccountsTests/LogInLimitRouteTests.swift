import Core
import Store
import TestSite
import Testing

/// What guesses at an account's password come up against, by account and by address.
@Suite(.siteWithLimits, .serialized) struct LogInLimitRouteTests {
    private static let home = "203.0.113.7"
    private static let stranger = "192.0.2.66"
    private let site = TestSite.current

    private func logIn(
        _ handle: String, at address: String, _ password: String = TestUser.password
    ) async throws -> TestResponse {
        try await site.stranger(at: address).post(
            "/v1/auth/login", ["handle": .string(handle), "password": .string(password)],
            ["X-Request-Id": "the-same"])
    }

    private func guess(_ handle: String, at address: String) async throws -> TestResponse {
        try await logIn(handle, at: address, "a wrong guess")
    }

    /// - Returns: how many guesses were let through, and the first response to one that was not.
    private func guessUntilRefused(
        _ handle: String, at address: (Int) -> String
    ) async throws -> (count: Int, refused: TestResponse) {
        var count = 0
        while true {
            let response = try await guess(handle, at: address(count))
            if response.isProblem(429, "rate_limited") { return (count, response) }
            guard response.isProblem(401, "invalid_credentials") else { throw UnexpectedResponse(response: response) }
            count += 1
        }
    }

    @Test func strangersDoNotLockTheOwnerOut() async throws {
        let owner = try await site.signUp(at: Self.home)
        // Ten of all strangers, and one try of this one's own.
        #expect(try await guessUntilRefused(owner.handle) { _ in Self.stranger }.count == 11)
        #expect(try await logIn(owner.handle, at: Self.stranger).isProblem(429, "rate_limited"))
        #expect(try await logIn(owner.handle, at: Self.home).status == 200)
        // Whoever comes new has a try.
        #expect(try await logIn(owner.handle, at: "198.51.100.1").status == 200)
    }

    @Test func theWaitThatIsToldIsTrue() async throws {
        let owner = try await site.signUp(at: Self.home)
        let (count, refused) = try await guessUntilRefused(owner.handle) { _ in Self.home }
        #expect(count == 10 && refused.retryAfter == 6)
        try await site.pass(seconds: 5)
        #expect(try await logIn(owner.handle, at: Self.home).isProblem(429, "rate_limited"))
        try await site.pass(seconds: 1.01)
        #expect(try await logIn(owner.handle, at: Self.home).status == 200)
        #expect(try await logIn(owner.handle, at: Self.home).status == 429)
    }

    /// What all strangers share, and a try of its own for each of twenty addresses of a network.
    @Test func theNeighboursOfANetworkAreBounded() async throws {
        let owner = try await site.signUp(at: Self.home)
        let count = try await guessUntilRefused(owner.handle) { "100.64.7.\($0 + 1)" }.count
        #expect(count == 30)
        #expect(try await logIn(owner.handle, at: "100.64.8.1").status == 200)
    }

    /// A customer has 2^64 addresses; another network is somebody else.
    @Test func anIPv6NetworkIsOneGuesser() async throws {
        let owner = try await site.signUp(at: Self.home)
        #expect(try await guessUntilRefused(owner.handle) { "2001:db8:1:7::\($0)" }.count == 11)
        #expect(try await guess(owner.handle, at: "2001:db8:1:8::1").status == 401)
    }

    /// A /48 of one customer has 65,536 networks, which are not as many guesses.
    @Test func manyNetworksOfOneCustomerAreBounded() async throws {
        let owner = try await site.signUp(at: Self.home)
        let (count, _) = try await guessUntilRefused(owner.handle) { "2001:db8:7:\(String($0, radix: 16))::1" }
        #expect(count == 30)
        #expect(try await logIn(owner.handle, at: Self.home).status == 200)
        #expect(try await logIn(owner.handle, at: "2001:db8:8::1").status == 200)
    }

    @Test func aRefreshShowsWhereTheOwnerIs() async throws {
        let owner = try await site.signUp(at: Self.home)
        let moved = "100.65.1.1"
        let refreshed = try await site.stranger(at: moved).post(
            "/v1/auth/refresh", ["refresh_token": .string(owner.refreshToken)])
        #expect(refreshed.status == 200)
        _ = try await guessUntilRefused(owner.handle) { "100.65.1.\($0 + 2)" }
        for _ in 0..<5 { #expect(try await logIn(owner.handle, at: moved).status == 200) }
    }

    /// After a quarter of a year home is an address like any other.
    @Test func anAddressIsForgotten() async throws {
        let owner = try await site.signUp(at: Self.home)
        try await site.pass(seconds: 91 * 86_400)
        try await site.runUpkeep()
        _ = try await guessUntilRefused(owner.handle) { _ in Self.stranger }
        // One try, as anybody has who comes new.
        #expect(try await guessUntilRefused(owner.handle) { _ in Self.home }.count == 1)
    }

    /// After as many guesses as for a handle that exists, one that nobody has gets the same responses, to the byte.
    @Test func limitsDoNotTellWhoExists() async throws {
        let owner = try await site.signUp(at: Self.home)
        func responses(_ handle: String) async throws -> [TestResponse] {
            var all: [TestResponse] = []
            for host in 1...32 { all.append(try await guess(handle, at: "100.66.1.\(host)")) }
            return all
        }
        let (known, unknown) = (try await responses(owner.handle), try await responses("nobody_has_this"))
        #expect(known.map(\.body) == unknown.map(\.body) && known.map(\.status) == unknown.map(\.status))
        #expect(known.last?.status == 429)
    }

    @Test func addressesAreKeptAsAKeyedHashAndNotWithoutEnd() async throws {
        var user = try await site.signUp(at: Self.home)
        let other = try await site.signUp(at: Self.home)
        for host in 1...20 {
            try await site.pass(seconds: 60)
            let response = try await site.stranger(at: "198.51.7.\(host)").post(
                "/v1/auth/refresh", ["refresh_token": .string(user.refreshToken)])
            user = try user.with(response)
        }
        func kept(_ user: TestUser) async throws -> [[UInt8]] {
            try await site.database.query(
                "SELECT address FROM known_addresses WHERE user_id = \(ID(user.id))"
            ).map { try $0.bytes("address") }
        }
        let names = try await kept(user)
        #expect(names.count == 16 && Set(names.map(\.count)) == [16])
        // Two accounts, one address: nobody sees that.
        #expect(try await Set(names).isDisjoint(with: kept(other)))
    }

    /// Many devices of one user behind one address: a refresh does not wait for another's transaction.
    @Test func aKnownAddressIsNoQueue() async throws {
        var user = try await site.signUp(at: Self.home)
        let id = ID(user.id)!
        user = try await site.database.transaction { [user] transaction in
            try await transaction.query("SELECT 1 AS one FROM known_addresses WHERE user_id = \(id) FOR UPDATE")
            let response = try await site.stranger(at: Self.home).post(
                "/v1/auth/refresh", ["refresh_token": .string(user.refreshToken)])
            return try user.with(response)
        }
        // Not seen for a while it is written again.
        try await site.pass(seconds: 7200)
        let response = try await site.stranger(at: Self.home).post(
            "/v1/auth/refresh", ["refresh_token": .string(user.refreshToken)])
        #expect(response.status == 200)
        let seen = try await site.database.query(
            "SELECT seen_at = now() AS is_new FROM known_addresses WHERE user_id = \(id)")
        #expect(try seen.count == 1 && seen[0].bool("is_new"))
    }
}
