import Accounts
import Core
import Store
import TestSite
import Testing

@testable import Administration

@Suite(.site, .serialized) struct AdministrationTests {
    private let site = TestSite.current

    private func signUp(_ role: UserRole) async throws -> TestUser {
        let user = try await site.signUp()
        if role > .user { try await site.grant(user, role) }
        return user
    }

    private func change(_ actor: TestUser, _ target: TestUser, _ body: String) async throws -> TestResponse {
        try await actor.send("PATCH", "/v1/admin/users/\(target.id)", body: Array(body.utf8))
    }

    private static let endless = #"{"suspended_until":"9999-12-31T23:59:59.999Z"}"#

    /// Who may do what to whom, all of it.
    @Test(arguments: UserRole.allCases, UserRole.allCases)
    func nobodyChangesAnEqualOrHigherRole(_ actor: UserRole, _ target: UserRole) async throws {
        let (one, other) = (try await signUp(actor), try await signUp(target))
        let suspended = try await change(one, other, Self.endless)
        #expect(suspended.status == (actor > target ? 200 : 403))
        if actor <= target { #expect(suspended.isProblem(403, "forbidden")) }
        let role = try await change(one, other, #"{"role":"moderator"}"#)
        #expect(role.status == (actor == .admin && target < .admin ? 200 : 403))
        #expect(try await change(one, one, #"{"role":"user"}"#).status == 403)
    }

    /// A role counts when it is asked for: no token has it.
    @Test func rolesAreReadLive() async throws {
        let (moderator, alice) = (try await signUp(.moderator), try await site.signUp())
        #expect(try await moderator.get("/v1/me")["role"].string == "moderator")
        #expect(try await alice.get("/v1/users/\(moderator.id)")["role"].string == "moderator")
        #expect(try await alice.get("/v1/me")["role"].string == nil)
        #expect(try await moderator.get("/v1/admin/users").status == 200)
        #expect(try await moderator.get("/v1/admin/audit").isProblem(403, "forbidden"))
        try await site.grant(moderator, .user)
        #expect(try await moderator.get("/v1/admin/users").isProblem(403, "forbidden"))
        #expect(try await change(moderator, alice, Self.endless).status == 403)
    }

    @Test func suspendedAndRestored() async throws {
        let (moderator, alice, bob) = (try await signUp(.moderator), try await site.signUp(), try await site.signUp())
        let end = rfc3339(milliseconds: site.clock.milliseconds() + 60_000)
        let response = try await change(moderator, alice, "{\"suspended_until\":\"\(end)\"}")
        #expect(response.status == 200 && response["suspended_until"].string == end)
        #expect(response["role"].string == "user" && response["user"]["id"].string == alice.id)
        #expect(try await bob.get("/v1/users/\(alice.id)").status == 404)
        #expect(try await alice.post("/v1/posts", ["text": "x"]).isProblem(403, "account_suspended"))
        // Moderators see him still, here.
        let found = try await moderator.get("/v1/admin/users?q=\(alice.handle)")["items"].array ?? []
        #expect(found.first { $0["user"]["id"].string == alice.id }?["suspended_until"].string == end)
        let restored = try await change(moderator, alice, #"{"suspended_until":null}"#)
        #expect(restored.status == 200 && restored["suspended_until"].string == nil)
        #expect(try await bob.get("/v1/users/\(alice.id)").status == 200)
        #expect(try await alice.post("/v1/posts", ["text": "x"]).status == 201)
        let endless = try await change(moderator, alice, Self.endless)
        #expect(endless["suspended_until"].string == "9999-12-31T23:59:59.999Z")
        try await site.settle()
        #expect(site.events(in: "user.events", of: alice.id).count == 3)
    }

    /// A moderator who is suspended is none meanwhile.
    @Test func aSuspendedModerator() async throws {
        let (admin, moderator, alice) = (
            try await signUp(.admin), try await signUp(.moderator), try await site.signUp()
        )
        #expect(try await change(admin, moderator, Self.endless).status == 200)
        #expect(try await change(moderator, alice, Self.endless).isProblem(403, "account_suspended"))
        #expect(try await moderator.get("/v1/admin/users").isProblem(403, "account_suspended"))
        // Also in a process that has not heard of it.
        let other = try await site.another(.withoutRedis)
        try await site.restore(moderator)
        try await other.lookForSuspensions()
        try await site.suspend(moderator)
        #expect(try await change(moderator.on(other), alice, Self.endless).isProblem(403, "account_suspended"))
        await other.close()
    }

    /// Who is about to be erased is suspended like anybody else, and the audit has it.
    @Test func whoLeaves() async throws {
        let (admin, alice) = (try await signUp(.admin), try await site.signUp())
        #expect(try await alice.post("/v1/me/deletion", ["password": .string(TestUser.password)]).status == 202)
        let end = rfc3339(milliseconds: site.clock.milliseconds() + 60_000)
        #expect(try await change(admin, alice, "{\"suspended_until\":\"\(end)\"}")["suspended_until"].string == end)
        #expect(try await change(admin, alice, Self.endless).status == 200)
        #expect(try await change(admin, alice, #"{"suspended_until":null}"#)["suspended_until"].string == nil)
        let entries = try await admin.get("/v1/admin/audit?limit=3")["items"].array ?? []
        #expect(entries.map { $0["did"].string } == ["user.restored", "user.suspended", "user.suspended"])
        #expect(entries[1]["before"]["suspended_until"].string == end)
    }

    @Test func badInput() async throws {
        let (admin, alice) = (try await signUp(.admin), try await site.signUp())
        for (body, code, field) in [
            (#"{"role":"king"}"#, "invalid_field", "role"), (#"{"role":null}"#, "invalid_field", "role"),
            (#"{"suspended_until":"tomorrow"}"#, "invalid_field", "suspended_until"),
            (#"{"suspended_until":"2026-01-05T00:07:21.289Z"}"#, "invalid_field", "suspended_until"),
            (#"{"limited":true}"#, "unknown_field", "limited"),
        ] {
            let response = try await change(admin, alice, body)
            #expect(response.isProblem(400, code) && response["field"].string == field, "\(body)")
        }
        #expect(try await admin.send("PATCH", "/v1/admin/users/1", body: Array("{}".utf8)).isProblem(404, "not_found"))
        for q in ["", "a%25", "%C3%A9", String(repeating: "a", count: 31)] {
            #expect(try await admin.get("/v1/admin/users?q=\(q)").isProblem(400, "invalid_field"))
        }
    }

    @Test func usersByTheBeginning() async throws {
        let moderator = try await signUp(.moderator)
        var expected: [String] = []
        for name in ["find_a", "find_b", "find_c", "findx", "fin"] {
            expected.append(try await site.signUp(name).id)
        }
        func ids(_ query: String) async throws -> [String] {
            try await (moderator.get("/v1/admin/users?q=\(query)")["items"].array ?? [])
                .compactMap { $0["user"]["id"].string }
        }
        #expect(try await ids("find_") == expected[0..<3].reversed())
        #expect(try await ids("FIND") == expected[0..<4].reversed())
        let first = try await moderator.get("/v1/admin/users?q=find_&limit=2")
        #expect(first["items"].array?.count == 2)
        let next = try #require(first["next"].string)
        #expect(try await ids("find_&limit=2&cursor=\(next)") == [expected[0]])
        let other = try await signUp(.moderator)
        #expect(try await other.get("/v1/admin/users?q=find_&cursor=\(next)").isProblem(400, "invalid_cursor"))
    }

    /// What was done, by whom, and nothing of what changed nothing; nobody can change it afterwards.
    @Test func theAudit() async throws {
        let (admin, alice) = (try await signUp(.admin), try await site.signUp())
        let first = try #require(try await admin.get("/v1/admin/audit?limit=1")["items"].array?.first)
        #expect(first["did"].string == "role.changed" && first["who"].string == nil)
        #expect(first["after"]["role"].string == "admin" && first["target"].string == admin.id)
        let done = try await change(admin, alice, Self.endless)
        #expect(try await change(admin, alice, Self.endless).status == 200)
        #expect(try await change(admin, alice, "{}").status == 200)
        #expect(try await change(admin, admin, #"{"role":"user"}"#).status == 403)
        let entries = try await admin.get("/v1/admin/audit?limit=2")["items"].array ?? []
        #expect(entries.map { $0["did"].string } == ["user.suspended", "role.changed"])
        #expect(entries[0]["who"].string == admin.id && entries[0]["target"].string == alice.id)
        #expect(entries[0]["before"].object?.keys == [])
        #expect(entries[0]["after"]["suspended_until"].string == "9999-12-31T23:59:59.999Z")
        #expect(entries[0]["request_id"].string == done.header("X-Request-ID"))
        for statement in ["UPDATE audit SET did = 'x'", "DELETE FROM audit", "TRUNCATE audit"] as [SQL] {
            await #expect(throws: PgError.self) { try await site.database.query(statement) }
        }
        #expect(try await admin.get("/v1/admin/audit?limit=2")["items"].array == entries)
    }
}
