import Core
import Store
import TestSite
import Testing

/// `POST /v1/views`.
@Suite(.site, .serialized) struct ViewTests {
    private let site = TestSite.current

    private func see(_ posts: [String], _ user: TestUser) async throws {
        #expect(try await user.post("/v1/views", ["posts": .array(posts.map { .string($0) })]).status == 204)
    }

    private func views(_ post: String) async throws -> Int64? {
        try await site.runJobs()
        return try await site.stranger().get("/v1/posts/\(post)")["counts"]["views"].integer
    }

    @Test func aViewerCountsOnceADay() async throws {
        let (alice, bob, carol) = (try await site.signUp(), try await site.signUp(), try await site.signUp())
        let posts = try await alice.posts(2)
        for _ in 0..<3 { try await see(posts + posts, bob) }
        #expect(try await views(posts[0]) == 1)
        try await see([posts[0]], carol)
        #expect(try await views(posts[0]) == 2)
        #expect(try await views(posts[1]) == 1)
        // Folded again, nothing is added.
        #expect(try await views(posts[0]) == 2)
        try await site.pass(seconds: 86_400)
        let session = try await site.stranger().post(
            "/v1/auth/login", ["handle": .string(bob.handle), "password": .string(TestUser.password)])
        try await see(posts, bob.with(session))
        #expect(try await views(posts[0]) == 3)
        #expect(try await site.stranger().get("/v1/posts/\(posts[0])")["counts"]["version"].integer == 0)
    }

    @Test func theAuthorAndWhoSeesNothingDontCount() async throws {
        let (alice, bob) = (try await site.signUp(), try await site.signUp())
        let secret = try await alice.post("/v1/posts", ["text": "x", "visibility": "followers"])["id"].string!
        let open = try await alice.post(text: "y")
        try await see([secret, "1"], bob)
        try await see([open], alice)
        #expect(try await site.database.query("SELECT 1 FROM post_views WHERE post_id = \(ID(secret)!)").isEmpty)
        #expect(try await views(open) == 0)
    }

    /// What Redis has lost is counted anew, and takes nothing away.
    @Test func aRedisThatForgetsTakesNothingAway() async throws {
        let alice = try await site.signUp()
        let post = try await alice.post(text: "hello")
        let users = try await concurrently(3) { _ in try await site.signUp() }
        for user in users { try await see([post], user) }
        #expect(try await views(post) == 3)
        try await site.flushRedis()
        try await see([post], users[0])
        #expect(try await views(post) == 3)
    }

    @Test(arguments: [#"{"posts":[]}"#, #"{"posts":["x"]}"#, #"{"posts":[7]}"#, #"{"posts":"7"}"#])
    func badInputNamesItsField(_ body: String) async throws {
        let response = try await site.signUp().send("POST", "/v1/views", body: Array(body.utf8))
        #expect(response.isProblem(400, "invalid_field", field: "posts"))
    }
}
