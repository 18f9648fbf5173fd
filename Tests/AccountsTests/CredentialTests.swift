import Core
import HTTPService
import TestSite
import Testing

@testable import Accounts

/// `PUT /v1/me/credentials`.
@Suite(.site, .serialized) struct CredentialTests {
    private static let new = "a new horse battery"
    private let site = TestSite.current

    private func logIn(_ handle: String, _ password: String) async throws -> Int {
        try await site.stranger().post(
            "/v1/auth/login", ["handle": .string(handle), "password": .string(password)]
        ).status
    }

    private func passwords(_ new: String = new, old: String = TestUser.password) -> JSONValue {
        ["password": .string(new), "old_password": .string(old)]
    }

    @Test func aNewPasswordEndsAllOtherSessions() async throws {
        let alice = try await site.signUp()
        let others = try await concurrently(3) { _ in try await site.logIn(alice) }
        #expect(try await alice.put("/v1/me/credentials", passwords()).status == 204)
        for other in others { #expect(try await other.get("/v1/me").isProblem(401, "unauthenticated")) }
        #expect(try await alice.get("/v1/me/sessions").items.count == 1)
        #expect(try await logIn(alice.handle, TestUser.password) == 401)
        #expect(try await logIn(alice.handle, Self.new) == 200)
        let refreshed = try await site.stranger().post(
            "/v1/auth/refresh", ["refresh_token": .string(alice.refreshToken)])
        #expect(refreshed.status == 200)
    }

    @Test func theOldOneIsNeeded() async throws {
        let alice = try await site.signUp()
        let other = try await site.logIn(alice)
        for body: JSONValue in [
            passwords(old: "wrong horse battery"), passwords(old: ""), ["password": .string(Self.new)],
        ] {
            let response = try await alice.put("/v1/me/credentials", body)
            #expect(response.isProblem(403, "password_required", field: "old_password"))
        }
        #expect(try await alice.put("/v1/me/credentials", [:]).isProblem(400, "missing_field", field: "password"))
        let short = try await alice.put("/v1/me/credentials", passwords("short"))
        #expect(short.isProblem(400, "invalid_field", field: "password"))
        #expect(try await other.get("/v1/me").status == 200)
        #expect(try await logIn(alice.handle, TestUser.password) == 200)
    }

    /// A repeated request is answered as the first was, though the old password is the old one no more.
    @Test func aReplay() async throws {
        let alice = try await site.signUp()
        let key = ["Idempotency-Key": "k"]
        #expect(try await alice.put("/v1/me/credentials", passwords(), key).status == 204)
        let later = try await site.stranger().post(
            "/v1/auth/login", ["handle": .string(alice.handle), "password": .string(Self.new)])
        let again = try await alice.put("/v1/me/credentials", passwords(), key)
        #expect(again.status == 204 && again.isReplayed)
        #expect(try await alice.with(later).get("/v1/me").status == 200)
        #expect(try await alice.put("/v1/me/credentials", passwords()).isProblem(403, "password_required"))
    }

    /// Who knew the old password a moment ago has no session by it, and changes nothing.
    @Test func whatWasVerifiedBefore() async throws {
        let alice = try await site.signUp()
        let accounts = site.accounts
        let candidate = try await accounts.candidate(handle: alice.handle, from: "127.0.0.1")
        let verified = try await accounts.authenticate(candidate, password: TestUser.password)
        #expect(try await alice.put("/v1/me/credentials", passwords()).status == 204)
        let origin = SessionOrigin(address: "127.0.0.1", client: nil)
        await #expect(throws: Accounts.noSuchAccount) {
            try await site.database.transaction {
                _ = try await accounts.logIn($0, verified, from: origin)
            }
        }
        let token = try accounts.verify(alice.accessToken!)
        let caller = HTTPService.Caller(user: token.subject, session: token.session, expiresAt: token.expiresAt)
        let change = CredentialChange(password: CredentialChange.Password(hash: "", old: verified))
        await #expect(throws: Problem.self) {
            try await site.database.transaction {
                try await accounts.change(
                    change, in: $0, of: caller, from: origin, TraceContext(requestID: "test"))
            }
        }
        #expect(try await logIn(alice.handle, Self.new) == 200)
    }

    /// Log-ins with the old password beside its change: none of their sessions lives.
    @Test func logInsBesideAChange() async throws {
        let alice = try await site.signUp()
        async let sessions = concurrently(8) { _ in
            try await self.site.stranger().post(
                "/v1/auth/login", ["handle": .string(alice.handle), "password": .string(TestUser.password)])
        }
        #expect(try await alice.put("/v1/me/credentials", passwords()).status == 204)
        for response in try await sessions where response.status == 200 {
            #expect(try await alice.with(response).get("/v1/me").isProblem(401, "unauthenticated"))
        }
        #expect(try await alice.get("/v1/me/sessions").items.count == 1)
    }

    /// A new handle is everywhere at once, and the old one is anybody's.
    @Test func aNewHandle() async throws {
        let (alice, bob) = (try await site.signUp(), try await site.signUp())
        let (other, phone) = (try await site.another(), try await site.logIn(alice))
        try await bob.follow(alice)
        _ = try await alice.on(other).post(text: "before")
        let name = site.newHandle()
        #expect(try await alice.put("/v1/me/credentials", ["handle": .string(name.uppercased())]).status == 204)
        _ = try await alice.on(other).post(text: "after")
        try await other.settle()
        let feed = try await bob.get("/v1/feed")
        #expect(feed.items.count == 2 && feed.items.allSatisfy { $0["author"]["handle"].string == name })
        #expect(try await bob.get("/v1/users/@\(alice.handle)").isProblem(404, "not_found"))
        #expect(try await bob.get("/v1/users/@\(name)")["id"].string == alice.id)
        #expect(try await phone.get("/v1/me")["handle"].string == name)
        #expect(try await logIn(name, TestUser.password) == 200)
        #expect(try await logIn(alice.handle, TestUser.password) == 401)
        #expect(try await site.signUp(alice.handle).id != alice.id)
        await other.close()
    }

    @Test func aHandleOfSomebodyElse() async throws {
        let (alice, bob) = (try await site.signUp(), try await site.signUp())
        let other = try await site.logIn(alice)
        let taken = try await alice.put("/v1/me/credentials", ["handle": .string(bob.handle)])
        #expect(taken.isProblem(409, "handle_taken", field: "handle"))
        #expect(try await other.get("/v1/me").status == 200)
        #expect(try await alice.put("/v1/me/credentials", ["handle": .string(alice.handle)]).status == 204)
    }
}

/// Guesses at the old password are limited as log-ins are.
@Suite(.siteWithLimits, .serialized) struct CredentialLimitTests {
    private let site = TestSite.current

    @Test func guesses() async throws {
        let alice = try await site.signUp()
        var statuses: [Int] = []
        for number in 0..<14 {
            // Another handle does not begin the count anew.
            if number == 5 {
                let name: JSONValue = ["handle": .string(site.newHandle())]
                #expect(try await alice.put("/v1/me/credentials", name).status == 204)
            }
            let body: JSONValue = [
                "password": "a new horse battery", "old_password": .string("guess number \(number)"),
            ]
            statuses.append(try await alice.put("/v1/me/credentials", body).status)
        }
        #expect(statuses.prefix(10).allSatisfy { $0 == 403 } && statuses.last == 429)
    }
}
