import Core
import TestSite
import Testing

@testable import Feed

/// Whatever users do, a feed in which nothing is under way is right to the audit.
@Suite(.site, .serialized) struct FeedAuditWalkTests {
    private let site = TestSite.current
    private static let tags = ["walk_one", "walk_two"]

    @Test func nothingIsWrong() async throws {
        var users: [TestUser] = []
        for _ in 0..<5 { users.append(try await site.signUp()) }
        var posts: [(user: TestUser, id: String)] = []
        for step in 0..<400 {
            let (user, other) = (users.randomElement()!, users.randomElement()!)
            let tag = Self.tags.randomElement()!
            let text = Bool.random() ? "post \(step)" : "post \(step) #\(tag) @\(other.handle)"
            switch Int.random(in: 0..<20) {
            case 0...5:
                let level = ["public", "public", "followers", "mentioned"].randomElement()!
                let named = level == "mentioned" ? text + " @\(other.handle)" : text
                let response = try await user.post(
                    "/v1/posts", ["text": .string(named), "visibility": .string(level)])
                if let id = response["id"].string { posts.append((user, id)) }
            case 6...8 where user.id != other.id: _ = try await user.put("/v1/users/\(other.id)/follow")
            case 9...10 where user.id != other.id: _ = try await user.delete("/v1/users/\(other.id)/follow")
            case 11: _ = try await user.put("/v1/tags/\(tag)/follow")
            case 12: _ = try await user.delete("/v1/tags/\(tag)/follow")
            case 13:
                if let post = posts.randomElement() { _ = try await post.user.delete("/v1/posts/\(post.id)") }
            case 14:
                guard let post = posts.randomElement() else { continue }
                let body = JSONValue.object(["text": .string(text)]).text
                _ = try await post.user.send("PATCH", "/v1/posts/\(post.id)", body: Array(body.utf8))
            case 15 where user.id != other.id:
                let what = ["mute", "block"].randomElement()!
                let path = "/v1/users/\(other.id)/\(what)"
                _ = Bool.random() ? try await user.put(path) : try await user.delete(path)
            case 16:
                _ = try await user.send("PATCH", "/v1/me", body: Array("{\"private\":\(Bool.random())}".utf8))
            case 17: _ = try await user.get("/v1/feed")
            case 18: if Bool.random() { try await site.suspend(user) } else { try await site.restore(user) }
            default: try await site.settle()
            }
            guard step % 25 == 24 else { continue }
            for user in users { try await site.restore(user) }
            try await site.settle()
            try await site.pass(seconds: 20)
            try await site.runUpkeep()
            let found = try await site.auditFeeds()
            #expect(found.findings.filter(\.isFailure).map(\.description) == [], "after step \(step)")
            #expect(found.failed == 0)
        }
    }
}
