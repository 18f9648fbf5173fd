import Core
import Live
import RedisLink
import TestSite
import Testing

@testable import Feed

/// Who may subscribe is asked again, though the process that served the change could tell nobody.
@Suite(.site, .serialized) struct AudienceWorkerTests {
    private let site = TestSite.current
    private let node = NodeName.random()

    /// What a node that listens for these is told once `change` was served elsewhere.
    private func told(
        _ users: [TestUser], _ channels: [ChannelName], _ change: (TestSite) async throws -> TestResponse
    ) async throws -> [NodeMessage.Body] {
        try await site.settle()
        let timelines = site.channels.timelines
        let inbox = try await TimelinesInbox(site.redis, at: site.redisAddress)
        defer { inbox.close() }
        let links = (0..<timelines.partitions.count).map { timelines.channel(partition: $0, node: node) }
        try await inbox.open(links)
        _ = try await timelines.register(users.map { ID($0.id)! }, node: node)
        _ = try await site.channels.register(channels, node: node)
        let away = try await site.another(.withoutRedis)
        #expect(try await change(away).status / 100 == 2)
        await away.close()
        try await inbox.sync()
        #expect(links.flatMap(inbox.take).isEmpty)
        try await site.settle()
        try await inbox.sync()
        return links.flatMap(inbox.take).map(\.body)
    }

    @Test func aBlock() async throws {
        let (alice, bob) = (try await site.signUp(), try await site.signUp())
        let bodies = try await told([alice, bob], []) { away in
            try await alice.on(away).put("/v1/users/\(bob.id)/block")
        }
        #expect(bodies.count == 2)
        for user in [alice, bob] { #expect(bodies.contains(.channel(.recheckUsers([ID(user.id)!])))) }
    }

    @Test func aFollowThatEnds() async throws {
        let (alice, bob) = (try await site.signUp(), try await site.signUp())
        try await bob.follow(alice)
        let bodies = try await told([alice, bob], []) { away in
            try await alice.on(away).delete("/v1/me/followers/\(bob.id)")
        }
        #expect(bodies == [.channel(.recheckUsers([ID(bob.id)!]))])
    }

    private func poll(by author: TestUser) async throws -> (post: String, channel: ChannelName) {
        let response = try await author.post(
            "/v1/posts", ["poll": ["options": ["a", "b"], "closes_in": 3600]])
        let id = try #require(response["poll"]["id"].string)
        return (try #require(response["id"].string), ChannelName(kind: "poll", id: ID(id)!))
    }

    /// Of the author, and of the author's posts and their polls; nobody else's.
    @Test func anAccountThatBecomesPrivate() async throws {
        let (alice, bob) = (try await site.signUp(), try await site.signUp())
        let (hers, his) = (try await alice.post(text: "a"), try await bob.post(text: "b"))
        let channels = [ChannelName.user(ID(alice.id)!), .post(ID(hers)!), try await poll(by: alice).channel]
        let others = [ChannelName.user(ID(bob.id)!), .post(ID(his)!), try await poll(by: bob).channel]
        let bodies = try await told([], channels + others) { away in
            try await alice.on(away).send("PATCH", "/v1/me", [:], body: Array(#"{"private":true}"#.utf8))
        }
        // And the profile, which is told on the author's.
        #expect(bodies.count == 4)
        for channel in channels { #expect(bodies.contains(.channel(.recheck(channel)))) }
        try await site.settle()
        #expect(site.events(in: "user.events", of: alice.id) == ["user.privacy", "user.updated"])
    }

    /// Also where nobody is subscribed to the post itself.
    @Test func aPostThatIsDeleted() async throws {
        let alice = try await site.signUp()
        let (one, other) = (try await poll(by: alice), try await poll(by: alice))
        let bodies = try await told([], [one.channel, other.channel]) { away in
            try await alice.on(away).delete("/v1/posts/\(one.post)")
        }
        #expect(bodies == [.channel(.recheck(one.channel))])
    }
}
