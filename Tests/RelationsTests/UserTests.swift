import TestSite
import Testing

/// Users as others see them.
@Suite(.site) struct UserTests {
    private let site = TestSite.current

    /// The same user by both names, the handle in any case; `followed` only for who is signed in.
    @Test func byIDAndByHandle() async throws {
        let (alice, bob) = (try await site.signUp(), try await site.signUp())
        try await bob.follow(alice)
        for name in [alice.id, "@" + alice.handle, "@" + alice.handle.uppercased()] {
            let seen = try await bob.get("/v1/users/" + name)
            #expect(seen.status == 200 && seen["id"].string == alice.id && seen["followed"].bool == true)
        }
        #expect(try await alice.get("/v1/users/\(bob.id)")["followed"].bool == false)
        let seen = try await site.stranger().get("/v1/users/\(alice.id)")
        #expect(seen["id"].string == alice.id)
        #expect(
            seen.json.object?.keys
                == ["id", "handle", "display_name", "created_at", "followers", "following", "posts", "private"])
    }

    @Test(arguments: ["/v1/users/1", "/v1/users/@nobody_has_this", "/v1/users/1/followers", "/v1/users/1/following"])
    func whoIsNotThere(_ path: String) async throws {
        #expect(try await site.stranger().get(path).isProblem(404, "not_found"))
    }

    @Test(arguments: [
        "abc", "-1", "0", "1.5", "1%20", "%EF%BC%91", "01", "9999999999999999999", "9007199254740992",
    ])
    func anIDThatIsNone(_ id: String) async throws {
        for path in ["/v1/users/\(id)", "/v1/users/\(id)/followers", "/v1/users/\(id)/following"] {
            #expect(try await site.stranger().get(path).isProblem(404, "not_found"))
        }
    }
}
