import TestSite
import Testing

/// `/v1/posts/{id}/comments` and `/v1/comments/{id}`.
@Suite(.site) struct CommentTests {
    private let site = TestSite.current

    @Test func aCommentIsShown() async throws {
        let (alice, bob) = (try await site.signUp(), try await site.signUp())
        let post = try await alice.post(text: "hello")
        let response = try await bob.post("/v1/posts/\(post)/comments", ["text": " Hi \n"])
        #expect(response.status == 201, "\(response)")
    }
}
