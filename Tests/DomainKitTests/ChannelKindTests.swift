import Core
import DomainKit
import Live
import Testing

@Suite struct ChannelKindTests {
    private let kinds = ChannelKinds([
        ChannelKind("post", [.log, .state], at: "/v1/posts/{key}") { post, user in post.raw == user.raw },
        ChannelKind(
            "tag", .log, at: "/v1/tags/{key}", key: { $0.allSatisfy(\.isLowercase) ? $0 : nil },
            permission: { _, _ in true }),
    ])

    @Test func aChannelIsFoundByItsName() async throws {
        let post = try #require(kinds.channel("post:7"))
        #expect(post.name.description == "post:7" && post.contents == [.log, .state])
        #expect(post.path == "/v1/posts/7")
        #expect(try await post.isOpen(to: ID(raw: 7)))
        #expect(try await !post.isOpen(to: ID(raw: 8)))
        #expect(kinds.channel("tag:swift")?.contents == .log)
        #expect(kinds.names == ["post", "tag"])
    }

    /// A key has one spelling, and its kind knows it.
    @Test(arguments: ["post:07", "post:+7", "post:x", "post:9007199254740992", "tag:Swift", "room:1", "post", "post:"])
    func whatIsNoneIsNone(_ name: String) { #expect(kinds.channel(name) == nil) }
}
