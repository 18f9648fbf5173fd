import Core
import Crypto
import Store
import TestSite
import Testing

/// `POST /v1/auth/refresh`: a spent token gets the first response for half a minute, and then ends its session.
@Suite(.site, .serialized) struct RefreshTests {
    private let site = TestSite.current

    private func refresh(_ token: String, key: String? = nil) async throws -> TestResponse {
        try await site.stranger().post(
            "/v1/auth/refresh", ["refresh_token": .string(token)], key.map { ["Idempotency-Key": $0] } ?? [:])
    }

    private func name(_ token: String) -> [UInt8] { Crypto.sha256(Array(token.utf8)) }

    @Test func aNewPairOfTokens() async throws {
        let alice = try await site.signUp()
        let newer = try alice.with(try await refresh(alice.refreshToken))
        #expect(newer.id == alice.id && newer.refreshToken != alice.refreshToken)
        #expect(newer.accessToken != alice.accessToken)
        #expect(try await newer.get("/v1/me").status == 200)
        #expect(try await refresh(newer.refreshToken).status == 200)
    }

    /// Both of two who ask go on, whatever came in between.
    @Test func withinHalfAMinuteTheFirstResponseComesAgain() async throws {
        let alice = try await site.signUp()
        let first = try await refresh(alice.refreshToken)
        for key in [nil, "a-key", nil] {
            let again = try await refresh(alice.refreshToken, key: key)
            #expect(again.status == 200 && again.body == first.body && !again.isReplayed)
        }
        #expect(try await refresh(alice.with(first).refreshToken).status == 200)
        try await site.pass(seconds: 29.9)
        #expect(try await refresh(alice.refreshToken).body == first.body)
    }

    /// Whoever stole the chain loses it with the owner; other sessions of the user go on.
    @Test func laterTheSessionEnds() async throws {
        let alice = try await site.signUp()
        let other = try await site.logIn(alice)
        let newer = try alice.with(try await refresh(alice.refreshToken))
        try await site.pass(seconds: 30.1)
        for _ in 0..<2 { #expect(try await refresh(alice.refreshToken).isProblem(401, "token_reused")) }
        #expect(try await refresh(newer.refreshToken).status == 401)
        for ended in [alice, newer] { #expect(try await ended.get("/v1/me").isProblem(401, "unauthenticated")) }
        #expect(try await other.get("/v1/me").status == 200)
        #expect(try await refresh(other.refreshToken).status == 200)
    }

    @Test func fiftyAtOnceGetOneSession() async throws {
        let alice = try await site.signUp()
        let responses = try await concurrently(50) { _ in try await refresh(alice.refreshToken) }
        #expect(responses.allSatisfy { $0.status == 200 } && Set(responses.map(\.body)).count == 1)
        #expect(try await refresh(alice.with(responses[0]).refreshToken).status == 200)
    }

    /// It has no response while the first is not committed.
    @Test func theSecondWaitsForTheFirst() async throws {
        let alice = try await site.signUp()
        let database = site.database
        let responses = try await database.transaction { transaction in
            try await transaction.query(
                "SELECT hash FROM refresh_tokens WHERE hash = \(name(alice.refreshToken)) FOR UPDATE")
            let two = [1, 2].map { _ in Task { try await refresh(alice.refreshToken) } }
            try await eventually { try await site.waitingForLocks() == 2 }
            return two
        }
        let (first, second) = (try await responses[0].value, try await responses[1].value)
        #expect(first.status == 200 && first.body == second.body)
    }

    @Test func alteredTokens() async throws {
        let alice = try await site.signUp()
        let strange = [
            "", "x", "nonsense", String(repeating: "x", count: 5000), String(repeating: "g", count: 42),
            String(repeating: "ä", count: 22), String(repeating: "\0", count: 43),
        ]
        for token in alterations(alice.refreshToken) + strange + [alice.accessToken!] {
            #expect(try await refresh(token).isProblem(401, "invalid_credentials"), "\(token)")
        }
        #expect(try await refresh(alice.refreshToken).status == 200)
    }

    /// Missing (an older version spent the token), altered, or another's: as good as used long ago.
    @Test(arguments: 0..<3) func aResponseThatIsNotThisTokens(_ change: Int) async throws {
        let alice = try await site.signUp()
        let other = try await site.logIn(alice)
        for user in [alice, other] { #expect(try await refresh(user.refreshToken).status == 200) }
        let (own, others) = (name(alice.refreshToken), name(other.refreshToken))
        let changes: [SQL] = [
            "NULL", "answer || '\\x00'", "(SELECT answer FROM refresh_tokens WHERE hash = \(others))",
        ]
        try await site.database.query("UPDATE refresh_tokens SET answer = \(changes[change]) WHERE hash = \(own)")
        #expect(try await refresh(alice.refreshToken).isProblem(401, "token_reused"))
        #expect(try await refresh(other.refreshToken).status == 200)
    }

    @Test func responsesAreSealedAndGoSoon() async throws {
        let alice = try await site.signUp()
        let first = try await refresh(alice.refreshToken)
        let stored = try await site.database.query(
            "SELECT answer FROM refresh_tokens WHERE hash = \(name(alice.refreshToken))")
        let sealed = String(decoding: try stored[0].bytes("answer"), as: UTF8.self)
        for piece in ["access_token", first["refresh_token"].string!, first["access_token"].string!] {
            #expect(!sealed.contains(piece))
        }
        try await site.pass(seconds: 31)
        try await site.runUpkeep()
        let left = try await site.database.query(
            "SELECT answer IS NULL AS is_gone FROM refresh_tokens WHERE hash = \(name(alice.refreshToken))")
        #expect(try left[0].bool("is_gone"))
    }

    @Test func aTokenOfAMonthAgo() async throws {
        let alice = try await site.signUp()
        try await site.pass(seconds: 30 * 86_400 + 1)
        #expect(try await refresh(alice.refreshToken).isProblem(401, "invalid_credentials"))
    }
}
