import Core
import TestSite
import Testing

/// `POST /v1/auth/signup`.
@Suite(.site) struct SignUpTests {
    private let site = TestSite.current

    @Test func isASession() async throws {
        let alice = try await site.signUp()
        let me = try await alice.get("/v1/me")
        #expect(me.status == 200 && me["id"].string == alice.id)
    }

    @Test func feeds() async throws {
        let (alice, bob) = (try await site.signUp(), try await site.signUp())
        try await bob.follow(alice)
        #expect(try await bob.get("/v1/feed").ids == [])
        let post = try await alice.post(text: "hello")
        #expect(try await bob.get("/v1/feed").ids == [])
        try await site.settle()
        #expect(try await bob.get("/v1/feed").ids == [post])
        #expect(try await alice.get("/v1/feed").ids == [post])
    }
}
