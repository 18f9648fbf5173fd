import Accounts
import Core
import Synchronization
import TestSite
import Testing

/// What a suspended user may still do. What others see of him, `VisibilityMatrixTests` has.
@Suite(.site, .serialized) struct SuspensionTests {
    private let site = TestSite.current

    @Test func readsAndNothingElse() async throws {
        let alice = try await site.signUp()
        let post = try await alice.post(text: "mine")
        try await site.suspend(alice)
        #expect(try await alice.get("/v1/me").status == 200)
        #expect(try await alice.get("/v1/posts/\(post)")["text"].string == "mine")
        #expect(try await alice.get("/v1/feed").status == 200)
        for response in [
            try await alice.post("/v1/posts", ["text": "x"]), try await alice.delete("/v1/posts/\(post)"),
            try await alice.put("/v1/users/1/block"), try await alice.post("/v1/live/ticket", [:]),
            try await alice.send("PUT", "/v1/me/credentials", body: Array(#"{"handle":"another"}"#.utf8)),
        ] {
            #expect(response.isProblem(403, "account_suspended"))
        }
        try await site.restore(alice)
        #expect(try await alice.delete("/v1/posts/\(post)").status == 204)
    }

    @Test func noLogIn() async throws {
        let alice = try await site.signUp()
        try await site.suspend(alice)
        func logIn(_ password: String) async throws -> TestResponse {
            try await site.stranger().post(
                "/v1/auth/login", ["handle": .string(alice.handle), "password": .string(password)])
        }
        #expect(try await logIn(TestUser.password).isProblem(403, "account_suspended"))
        // Who does not know the password learns nothing.
        #expect(try await logIn("a wrong password").isProblem(401, "invalid_credentials"))
        try await site.restore(alice)
        #expect(try await logIn(TestUser.password).status == 200)
    }

    /// Sessions go on, and can be ended.
    @Test func sessionsGoOn() async throws {
        let alice = try await site.signUp()
        let other = try await site.logIn(alice)
        try await site.suspend(alice)
        let refreshed = try await site.stranger().post(
            "/v1/auth/refresh", ["refresh_token": .string(alice.refreshToken)])
        #expect(refreshed.status == 200)
        let sessions = try await alice.get("/v1/me/sessions")["items"].array ?? []
        let current = try #require(sessions.first { $0["current"].bool == false }?["id"].string)
        #expect(try await alice.delete("/v1/me/sessions/\(current)").status == 204)
        #expect(try await other.get("/v1/me").status == 401)
    }

    /// For all processes at once, when its time has come; the log says so with the next upkeep.
    @Test func endsByItself() async throws {
        let (alice, bob) = (try await site.signUp(), try await site.signUp())
        try await site.suspend(alice, seconds: 60)
        #expect(try await bob.get("/v1/users/\(alice.id)").status == 404)
        #expect(try await alice.post("/v1/posts", ["text": "x"]).status == 403)
        try await site.runUpkeep()
        #expect(try await bob.get("/v1/users/\(alice.id)").status == 404)
        try await site.pass(seconds: 61)
        #expect(try await bob.get("/v1/users/\(alice.id)").status == 200)
        #expect(try await alice.post("/v1/posts", ["text": "x"]).status == 201)
        try await site.settle()
        #expect(site.events(in: "user.events", of: alice.id) == ["user.suspended"])
        try await site.runUpkeep()
        try await site.runUpkeep()
        try await site.settle()
        #expect(site.events(in: "user.events", of: alice.id) == ["user.suspended", "user.suspended"])
    }

    /// One that was told nothing finds out when it looks.
    @Test func otherProcesses() async throws {
        let alice = try await site.signUp()
        let other = try await site.another(.withoutRedis)
        try await site.suspend(alice)
        try await other.lookForSuspensions()
        #expect(try await alice.on(other).post("/v1/posts", ["text": "x"]).status == 403)
        try await site.restore(alice)
        try await other.lookForSuspensions()
        #expect(try await alice.on(other).put("/v1/users/1/block").isProblem(404, "not_found"))
        await other.close()
    }

    /// One that came to its end a moment ago is still known; the next one is told all the same.
    @Test func onceMore() async throws {
        let suspensions = Suspensions(clock: site.clock)
        let told = Mutex(0)
        suspensions.observe { users in told.withLock { $0 += users.count } }
        func suspend() { suspensions.set(ID(raw: 7), Suspension(end: site.clock.milliseconds() + 60_000)) }
        suspend()
        suspend()
        #expect(told.withLock { $0 } == 1)
        try await site.pass(seconds: 61)
        suspend()
        #expect(told.withLock { $0 } == 2 && suspensions.contains(ID(raw: 7)))
    }

    /// An end that was put off is the one that counts, and is told once.
    @Test func putOff() async throws {
        let alice = try await site.signUp()
        try await site.suspend(alice, seconds: 60)
        try await site.suspend(alice, seconds: 600)
        try await site.pass(seconds: 61)
        try await site.runUpkeep()
        try await site.lookForSuspensions()
        #expect(try await alice.post("/v1/posts", ["text": "x"]).status == 403)
        try await site.settle()
        #expect(site.events(in: "user.events", of: alice.id) == ["user.suspended"])
    }
}
