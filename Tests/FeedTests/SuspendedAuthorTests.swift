import Core
import Live
import TestSite
import Testing

@testable import Feed

/// What the suspension of an author does to feeds and channels, and that its end undoes all of it.
@Suite(.site, .serialized) struct SuspendedAuthorTests {
    private let site = TestSite.current

    private func followed() async throws -> (author: TestUser, reader: TestUser) {
        let (author, reader) = (try await site.signUp(), try await site.signUp())
        try await reader.follow(author)
        return (author, reader)
    }

    /// Clients are told to drop what they show, and to read anew when it is over: in resumes, too, and once.
    @Test func followersAreTold() async throws {
        let (author, reader) = try await followed()
        let start = try #require(try await reader.get("/v1/feed")["live"].string)
        try await site.suspend(author)
        try await site.settle()
        site.rewind("audience")
        try await site.settle()
        func reasons() async throws -> [String] {
            let events = try await reader.get("/v1/feed?since=\(start)")["items"].array ?? []
            #expect(events.allSatisfy { $0["user_id"].string == author.id })
            return events.compactMap { $0["reason"].string }
        }
        #expect(try await reasons() == ["suspended"])
        try await site.restore(author)
        try await site.settle()
        #expect(try await reasons() == ["suspended", "follow"])
    }

    /// A post whose fan-out came while its author was away is told to nobody, and there when the author is back; so is one
    /// of a timeline that was made meanwhile.
    @Test(arguments: [false, true]) func postsComeBack(_ isRebuilt: Bool) async throws {
        let (author, reader) = try await followed()
        let before = try await author.post(text: "before")
        try await site.settle()
        let start = try #require(try await reader.get("/v1/feed")["live"].string)
        let late = try await author.post(text: "under way")
        try await site.suspend(author)
        try await site.settle()
        if isRebuilt { try await site.flushRedis() }
        #expect(try await reader.get("/v1/feed")["items"].array == [])
        if !isRebuilt {
            let events = try await reader.get("/v1/feed?since=\(start)")["items"].array ?? []
            #expect(events.map { $0["type"].string } == ["feed.changed"])
        }
        try await site.restore(author)
        let shown = try await reader.get("/v1/feed")["items"].array ?? []
        #expect(shown.map { $0["id"].string } == [late, before])
    }

    /// Those of the author and of the author's posts are asked about again, and nobody may subscribe.
    @Test func channelsEnd() async throws {
        let (author, reader) = try await followed()
        let post = try await author.post(text: "x")
        let node = NodeName.random()
        let timelines = site.channels.timelines
        let inbox = try await TimelinesInbox(site.redis, at: site.redisAddress)
        defer { inbox.close() }
        let links = (0..<timelines.partitions.count).map { timelines.channel(partition: $0, node: node) }
        try await inbox.open(links)
        let names = [ChannelName.user(ID(author.id)!), .post(ID(post)!)]
        _ = try await site.channels.register(names, node: node)
        func areOpen() async throws -> [Bool] {
            var open: [Bool] = []
            for name in names {
                open.append(try await site.channelKinds.channel("\(name)")!.isOpen(to: ID(reader.id)!))
            }
            return open
        }
        #expect(try await areOpen() == [true, true])
        try await site.suspend(author)
        try await site.settle()
        try await inbox.sync()
        let bodies = links.flatMap(inbox.take).map(\.body)
        for name in names { #expect(bodies.contains(.channel(.recheck(name)))) }
        #expect(try await areOpen() == [false, false])
        try await site.restore(author)
        #expect(try await areOpen() == [true, true])
    }

    /// Who asks to follow a public account while suspended, or is asked by one, waits.
    @Test func requestsWait() async throws {
        let (asker, target) = (try await site.signUp(), try await site.signUp())
        #expect(try await target.send("PATCH", "/v1/me", body: Array(#"{"private":true}"#.utf8)).status == 200)
        #expect(try await asker.put("/v1/users/\(target.id)/follow").status == 202)
        try await site.suspend(asker)
        #expect(try await target.get("/v1/me/requests")["items"].array == [])
        #expect(try await target.send("PATCH", "/v1/me", body: Array(#"{"private":false}"#.utf8)).status == 200)
        try await site.runUpkeep()
        #expect(try await target.get("/v1/me")["followers"].integer == 0)
        try await site.restore(asker)
        try await site.runUpkeep()
        #expect(try await target.get("/v1/me")["followers"].integer == 1)
    }
}
