import Core
import TestSite
import Testing

@testable import Accounts

/// `GET /v1/me/sessions`, and the end of one.
@Suite(.site, .serialized) struct OwnSessionTests {
    private let site = TestSite.current

    private func now() -> String { rfc3339(milliseconds: site.clock.milliseconds()) }

    @Test func areListedNewestFirst() async throws {
        let alice = try await site.signUp()
        let begun = now()
        try await site.pass(seconds: 60)
        let response = try await site.stranger().post(
            "/v1/auth/login", ["handle": .string(alice.handle), "password": .string(TestUser.password)],
            ["User-Agent": "  Phone/1.0  "])
        let phone = try alice.with(response)
        let list = try await alice.get("/v1/me/sessions")
        #expect(list.status == 200 && list.items.count == 2 && list.next == nil)
        #expect(list.items.map { $0["current"].bool } == [false, true])
        #expect(list.items.map { $0["client"].string } == ["Phone/1.0", nil])
        #expect(list.items[1]["created_at"].string == begun && list.items[1]["seen_at"].string == begun)
        #expect(try await phone.get("/v1/me/sessions").items.map { $0["current"].bool } == [true, false])
        #expect(try await site.signUp().get("/v1/me/sessions").items.count == 1)
        try await site.pass(seconds: 60)
        let refreshed = try await site.stranger().post(
            "/v1/auth/refresh", ["refresh_token": .string(alice.refreshToken)], ["User-Agent": "Desk/2"])
        let seen = try await alice.with(refreshed).get("/v1/me/sessions").items[1]
        #expect(seen["seen_at"].string == now() && seen["created_at"].string == begun)
        #expect(seen["client"].string == "Desk/2")
        #expect(try await alice.pages("/v1/me/sessions", limit: 1).flatMap(\.ids) == list.ids)
    }

    @Test(arguments: [
        ("", nil), ("   ", nil), ("ä", nil), (String(repeating: "x", count: 300), String(repeating: "x", count: 200)),
    ]) func whatAClientCallsItself(_ given: String, _ kept: String?) async throws {
        let alice = try await site.signUp()
        let response = try await site.stranger().post(
            "/v1/auth/login", ["handle": .string(alice.handle), "password": .string(TestUser.password)],
            ["User-Agent": given])
        #expect(response.status == 200)
        #expect(try await alice.get("/v1/me/sessions").items[0]["client"].string == kept)
    }

    /// The oldest one ends for one too many.
    @Test func asManyAsThereMayBe() async throws {
        let alice = try await site.signUp()
        let most = Accounts.mostSessions
        let database = site.database
        let first = try await database.query(
            "SELECT id FROM sessions WHERE user_id = \(ID(alice.id)!)")[0].id("id")
        try await database.query(
            """
            INSERT INTO sessions (id, user_id, tokens_until)
            SELECT \(first)::bigint + n, \(ID(alice.id)!)::bigint, NULL FROM generate_series(1, \(most - 2)::int) n
            """)
        // Beyond these ids.
        try await site.pass(seconds: 1)
        let last = try await site.logIn(alice)
        #expect(try await alice.get("/v1/me").status == 200)
        let another = try await site.logIn(alice)
        #expect(try await alice.get("/v1/me").isProblem(401, "unauthenticated"))
        for session in [last, another] { #expect(try await session.get("/v1/me").status == 200) }
    }

    @Test func oneIsEndedAndNoOther() async throws {
        let alice = try await site.signUp()
        let (phone, tablet) = (try await site.logIn(alice), try await site.logIn(alice))
        let id = try await phone.get("/v1/me/sessions").items.first { $0["current"].bool == true }!["id"].string!
        for _ in 0..<2 { #expect(try await alice.delete("/v1/me/sessions/\(id)").status == 204) }
        #expect(try await phone.get("/v1/me").isProblem(401, "unauthenticated"))
        let refreshed = try await site.stranger().post(
            "/v1/auth/refresh", ["refresh_token": .string(phone.refreshToken)])
        #expect(refreshed.isProblem(401, "invalid_credentials"))
        for other in [alice, tablet] {
            let list = try await other.get("/v1/me/sessions")
            #expect(list.items.count == 2 && !list.ids.contains(id))
        }
        // One's own is a log-out.
        let own = try await tablet.get("/v1/me/sessions").items.first { $0["current"].bool == true }!["id"].string!
        #expect(try await tablet.delete("/v1/me/sessions/\(own)").status == 204)
        #expect(try await tablet.get("/v1/me").status == 401)
    }

    @Test func whatIsNobodysOrAnothers() async throws {
        let (alice, bob) = (try await site.signUp(), try await site.signUp())
        let id = try await bob.get("/v1/me/sessions").ids[0]
        for path in [id, "1", "abc"] {
            #expect(try await alice.delete("/v1/me/sessions/\(path)").isProblem(404, "not_found"))
        }
        #expect(try await bob.get("/v1/me").status == 200)
    }
}
