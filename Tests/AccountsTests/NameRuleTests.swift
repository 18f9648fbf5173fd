import Accounts
import TestSite
import Testing

/// Names that nobody may take: the harness' list has Martlet and 관리자.
@Suite(.site, .serialized) struct NameRuleTests {
    private let site = TestSite.current

    private func signUp(_ handle: String, _ displayName: String? = nil) async throws -> TestResponse {
        var body: [String: String] = ["handle": handle, "password": TestUser.password]
        body["display_name"] = displayName
        return try await site.stranger().post(
            "/v1/auth/signup", .object(.init(body.sorted { $0.key < $1.key }.map { ($0.key, .string($0.value)) })))
    }

    @Test(arguments: ["martlet", "MARTLET", "mart_let", "rnartlet", "mart1et"])
    func handles(_ name: String) async throws {
        #expect(try await signUp(name).isProblem(400, "name_refused", field: "handle"))
        let alice = try await site.signUp()
        let response = try await alice.send("PUT", "/v1/me/credentials", body: Array("{\"handle\":\"\(name)\"}".utf8))
        #expect(response.isProblem(400, "name_refused", field: "handle"))
        // Never why.
        #expect(response["detail"].string == "this name can't be taken")
        #expect(try await site.stranger().get("/v1/users/@\(name)").status == 404)
    }

    @Test(arguments: ["Martlet", "Маrtlet", "Ｍａｒｔｌｅｔ", "M a r t l e t", "MARTlET", "관리자", "관 리 자"])
    func displayNames(_ name: String) async throws {
        #expect(try await signUp(site.newHandle(), name).isProblem(400, "name_refused", field: "display_name"))
        let alice = try await site.signUp()
        let response = try await alice.send("PATCH", "/v1/me", body: Array("{\"display_name\":\"\(name)\"}".utf8))
        #expect(response.isProblem(400, "name_refused", field: "display_name"))
        #expect(try await alice.get("/v1/me")["display_name"].string == alice.handle)
    }

    @Test func othersAreFree() async throws {
        for (handle, name) in [("martlets", "Martlets"), ("___", "..."), ("smart", "관리인")] {
            #expect(try await signUp(handle, name).status == 201)
        }
    }

    /// Of the handle of somebody with a role, while that is so.
    @Test func handlesOfModerators() async throws {
        let ella = try await site.signUp("ella_lamb")
        #expect(try await signUp("e11a_lamb").status == 201)
        try await site.grant(ella, .moderator)
        #expect(try await signUp("e1la_lamb").isProblem(400, "name_refused", field: "handle"))
        #expect(try await signUp(site.newHandle(), "Ella Lamb").isProblem(400, "name_refused", field: "display_name"))
        // Nobody is kept from the own name.
        let own = try await ella.send("PATCH", "/v1/me", body: Array(#"{"display_name":"Ella Lamb"}"#.utf8))
        #expect(own.status == 200)
        try await site.grant(ella, .user)
        #expect(try await signUp("e1la_lamb").status == 201)
    }

    /// Who has a name from before the list keeps it, whatever else is changed.
    @Test func whatIsKept() async throws {
        let alice = try await site.signUp()
        try await site.database.query("UPDATE users SET display_name = 'Martlet' WHERE handle = \(alice.handle)")
        let body = Array(#"{"display_name":"Martlet","bio":"x"}"#.utf8)
        #expect(try await alice.send("PATCH", "/v1/me", body: body).status == 200)
    }

    @Test func theList() {
        #expect(NameRules.names(of: "# ours\nMartlet \r\n\n  Ada L. # a comment\n#\n") == ["Martlet", "Ada L."])
    }
}
