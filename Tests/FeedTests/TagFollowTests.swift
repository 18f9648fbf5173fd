import Core
import Live
import Posts
import RedisLink
import Store
import TestSite
import Testing

@testable import Feed

/// Public posts with a hashtag come into the feeds of those who follow it.
@Suite(.site, .serialized) struct TagFollowTests {
    private let site = TestSite.current

    private func follow(_ tag: String, _ user: TestUser) async throws {
        #expect(try await user.put("/v1/tags/\(tag.percentEscaped)/follow").status == 204)
    }

    private func unfollow(_ tag: String, _ user: TestUser) async throws {
        #expect(try await user.delete("/v1/tags/\(tag.percentEscaped)/follow").status == 204)
    }

    private func edit(_ user: TestUser, _ post: String, _ text: String) async throws {
        let body = JSONValue.object(["text": .string(text)]).text
        #expect(try await user.send("PATCH", "/v1/posts/\(post)", body: Array(body.utf8)).status == 200)
    }

    private func setPrivate(_ user: TestUser, _ isPrivate: Bool) async throws {
        #expect(try await user.send("PATCH", "/v1/me", body: Array("{\"private\":\(isPrivate)}".utf8)).status == 200)
    }

    private func pair() async throws -> (TestUser, TestUser) { (try await site.signUp(), try await site.signUp()) }

    private func live(_ user: TestUser) async throws -> String {
        try #require(try await user.get("/v1/feed")["live"].string)
    }

    /// Type and post of what came since.
    private func told(_ user: TestUser, since live: String) async throws -> [String] {
        try await site.settle()
        let response = try await user.get("/v1/feed?since=\(live)")
        #expect(response["reset"].bool == false)
        return response.items.map {
            "\($0["type"].string ?? "") \($0["post"]["id"].string ?? $0["post_id"].string ?? "")"
        }
    }

    /// The pages are the same whatever they are read from.
    private func expectFeed(_ posts: [String], of user: TestUser) async throws {
        #expect(try await user.walk(limit: 2) == posts)
        try await site.settle()
        #expect(try await user.walk(limit: 2) == posts)
        try await site.flushRedis()
        #expect(try await user.walk(limit: 2) == posts)
        let away = try await site.another(.withoutRedis)
        #expect(try await user.on(away).walk(limit: 2) == posts)
        await away.close()
    }

    @Test func olderAndNewPostsComeOnce() async throws {
        let (alice, bob) = try await pair()
        let (old, plain) = (try await alice.post(text: "#swift one"), try await alice.post(text: "none"))
        #expect(try await bob.walk() == [])
        try await follow("Swift", bob)
        try await expectFeed([old], of: bob)
        let start = try await live(bob)
        let new = try await alice.post(text: "#SWIFT #other two")
        _ = try await alice.post(text: "#other")
        #expect(try await told(bob, since: start) == ["post.created \(new)"])
        try await bob.follow(alice)
        let both = try await alice.post(text: "#swift three")
        try await site.settle()
        #expect(try await bob.walk().count == 5)
        let feed = try await bob.walk()
        #expect(Set(feed).isSuperset(of: [both, new, plain, old]))
    }

    @Test func editsAndEndsAreTold() async throws {
        let (alice, bob) = try await pair()
        try await follow("ends", bob)
        let start = try await live(bob)
        let post = try await alice.post(text: "#ends one")
        let gone = try await alice.post(text: "#ends two")
        try await site.settle()
        try await edit(alice, post, "#ends once more")
        #expect(try await alice.delete("/v1/posts/\(gone)").status == 204)
        #expect(try await told(bob, since: start) == ["post.updated \(post)", "post.deleted \(gone)"])
        try await expectFeed([post], of: bob)
    }

    /// An edit that gives a post the hashtag brings it; whom it reached by a hashtag that has gone is told of the edit.
    @Test func editsThatChangeHashtags() async throws {
        let (alice, bob) = try await pair()
        try await follow("gained", bob)
        let start = try await live(bob)
        let post = try await alice.post(text: "plain")
        #expect(try await told(bob, since: start) == [])
        try await edit(alice, post, "#gained")
        #expect(try await told(bob, since: start) == ["post.updated \(post)"])
        try await expectFeed([post], of: bob)
        let later = try await live(bob)
        try await edit(alice, post, "plain again")
        try await site.settle()
        try await expectFeed([], of: bob)
        #expect(try await bob.get("/v1/feed?since=\(later)").status == 200)
        try await edit(alice, post, "#gained again")
        try await site.settle()
        try await expectFeed([post], of: bob)
    }

    @Test func whatEndsWithTheFollow() async throws {
        let (alice, bob) = try await pair()
        let (one, two) = (try await alice.post(text: "#left_a"), try await alice.post(text: "#left_a #left_b"))
        for tag in ["left_a", "left_b"] { try await follow(tag, bob) }
        try await expectFeed([two, one], of: bob)
        _ = try await alice.post(text: "#left_a under way")
        try await unfollow("left_a", bob)
        try await expectFeed([two], of: bob)
        try await unfollow("left_b", bob)
        try await expectFeed([], of: bob)
        let start = try await live(bob)
        _ = try await alice.post(text: "#left_a #left_b")
        #expect(try await told(bob, since: start) == [])
    }

    /// What a reader has by a hashtag stays when he unfollows its author, and what is under way still comes.
    @Test func anAuthorIsUnfollowed() async throws {
        let (alice, bob) = try await pair()
        try await bob.follow(alice)
        try await follow("kept", bob)
        let kept = try await alice.post(text: "#kept")
        _ = try await alice.post(text: "not kept")
        try await site.settle()
        #expect(try await bob.walk().count == 2)
        let underWay = try await alice.post(text: "#kept, under way")
        _ = try await alice.post(text: "not kept, under way")
        try await bob.unfollow(alice)
        try await site.settle()
        try await expectFeed([underWay, kept], of: bob)
        let start = try await live(bob)
        let new = try await alice.post(text: "#kept, new")
        _ = try await alice.post(text: "not kept, new")
        #expect(try await told(bob, since: start) == ["post.created \(new)"])
        try await bob.follow(alice)
        #expect(try await bob.walk().count == 6)
        try await bob.unfollow(alice)
        try await expectFeed([new, underWay, kept], of: bob)
    }

    @Test func onlyPublicPostsOfThoseWhoAreOpen() async throws {
        let (alice, bob) = try await pair()
        try await follow("open", bob)
        for visibility in ["followers", "mentioned"] {
            let body: JSONValue = ["text": "#open", "visibility": .string(visibility)]
            #expect(try await alice.post("/v1/posts", body).status == 201)
        }
        try await expectFeed([], of: bob)
        let start = try await live(bob)
        try await setPrivate(alice, true)
        let hidden = try await alice.post("/v1/posts", ["text": "#open", "visibility": "public"])["id"].string ?? ""
        #expect(try await told(bob, since: start) == [])
        try await expectFeed([], of: bob)
        try await setPrivate(alice, false)
        try await expectFeed([hidden], of: bob)
    }

    @Test func blocksAndMutes() async throws {
        let (alice, bob) = try await pair()
        try await follow("apart", bob)
        let old = try await alice.post(text: "#apart")
        for (owner, other) in [(alice, bob), (bob, alice)] {
            for kind in ["block", "mute"] where kind == "block" || owner.id == bob.id {
                let before = try await bob.walk()
                _ = try await alice.post(text: "#apart, under way")
                #expect(try await owner.put("/v1/users/\(other.id)/\(kind)").status == 204)
                try await expectFeed([], of: bob)
                let start = try await live(bob)
                let post = try await alice.post(text: "#apart, \(kind)")
                #expect(try await told(bob, since: start) == [])
                try await expectFeed([], of: bob)
                #expect(try await owner.delete("/v1/users/\(other.id)/\(kind)").status == 204)
                let after = try await bob.walk()
                #expect(after.count == before.count + 2 && after.first == post)
            }
        }
        let start = try await live(bob)
        let new = try await alice.post(text: "#apart")
        #expect(try await told(bob, since: start) == ["post.created \(new)"])
        #expect(try await bob.walk().last == old)
    }

    /// Page by page everybody comes once, in one order, by whatever. The author is none of them, and stands before all others.
    @Test func aWalkOverAll() async throws {
        var users: [(id: ID, user: TestUser)] = []
        for _ in 0...9 {
            let user = try await site.signUp()
            users.append((try #require(ID(user.id)), user))
        }
        users.sort { (Bucket.of($0.id), $0.id.raw) < (Bucket.of($1.id), $1.id.raw) }
        let alice = users[0].user
        var (reached, all): (Set<ID>, Set<ID>) = ([], [])
        for number in 1...9 {
            let (id, user) = users[number]
            if [2, 4, 6, 8].contains(number) { try await user.follow(alice) }
            if [1, 3, 6, 9].contains(number) { try await follow("walk_a", user) }
            if [5, 6, 8].contains(number) { try await follow("walk_b", user) }
            if [1, 2, 4, 6, 8, 3, 9].contains(number) { reached.insert(id) }
            if number != 7 { all.insert(id) }
        }
        try await follow("walk_a", alice)
        try await follow("walk_b", alice)
        let post = try #require(ID(try await alice.post(text: "#walk_a")))
        let chunk = Chunk(
            post: post, author: users[0].id, kind: .created, buckets: 0..<Bucket.count, tags: ["walk_a", "walk_b"])
        let store = FanOutStore(database: site.database)
        for limit in 1...4 {
            let found = try await walk(chunk, limit: limit, in: store)
            #expect(Set(found.map(\.follower)) == all && found.count == all.count)
            #expect(
                zip(found, found.dropFirst()).allSatisfy {
                    ($0.bucket, $0.follower.raw) < ($1.bucket, $1.follower.raw)
                })
        }
        let whole = try await store.followers(of: [chunk.slice], posts: [post])
        #expect(Set(whole.followers[chunk.slice] ?? []) == all && whole.followers[chunk.slice]?.count == all.count)
        // What it does not have any more is no reason to get a new post.
        let change = try #require(PostChange(.created, event(post, by: chunk.author)))
        #expect(Set(whole.readers.readers(of: change, among: Array(all))) == reached)
    }

    private func walk(_ chunk: Chunk, limit: Int, in store: FanOutStore) async throws -> [ChunkPosition] {
        var found: [ChunkPosition] = []
        while true {
            let position = found.last ?? ChunkPosition(bucket: 0, follower: .zero)
            let page = try await store.followers(of: chunk.slice, from: position, limit: limit, posts: [chunk.post])
            found += page.followers
            if page.followers.count < limit { return found }
        }
    }

    private func event(_ post: ID, by author: ID) -> Envelope {
        var envelope = Envelope(PostEvent.created.kind, eventID: "e", TraceContext(requestID: ""), payload: [])
        envelope[.post] = post
        envelope[.author] = author
        return envelope
    }

    @Test func anAuthorOfOnesOwn() async throws {
        let alice = try await site.signUp()
        try await follow("own", alice)
        let start = try await live(alice)
        let post = try await alice.post(text: "#own")
        #expect(try await told(alice, since: start) == ["post.created \(post)"])
        try await unfollow("own", alice)
        try await expectFeed([post], of: alice)
    }

    /// What nodes that hold the user are told.
    private func messages(to user: TestUser, _ body: () async throws -> Void) async throws -> [NodeMessage.Body] {
        let (timelines, node) = (site.channels.timelines, NodeName.random())
        let inbox = try await TimelinesInbox(site.redis, at: site.redisAddress)
        defer { inbox.close() }
        let links = (0..<timelines.partitions.count).map { timelines.channel(partition: $0, node: node) }
        try await inbox.open(links)
        _ = try await timelines.register([try #require(ID(user.id))], node: node)
        try await body()
        try await inbox.sync()
        return links.flatMap(inbox.take).map(\.body)
    }

    private func changed(_ message: NodeMessage.Body, _ user: TestUser) -> String? {
        guard case .event(let event) = message, event.recipients == [ID(user.id)] else { return nil }
        return String(decoding: event.json, as: UTF8.self)
    }

    @Test func clientsAreToldOnce() async throws {
        let bob = try await site.signUp()
        let start = try await live(bob)
        let followed = #"{"type":"feed.changed","reason":"follow","tag":"töld"}"#
        let left = #"{"type":"feed.changed","reason":"tag","tag":"töld"}"#
        #expect(try await messages(to: bob) { try await follow("TÖLD", bob) }.map { changed($0, bob) } == [followed])
        #expect(try await messages(to: bob) { try await unfollow("töld", bob) }.map { changed($0, bob) } == [left])
        // The log tells nothing that was told before.
        #expect(try await messages(to: bob) { try await site.settle() } == [])
        // Who was away is told as well.
        let missed = try await bob.get("/v1/feed?since=\(start)")
        #expect(missed["reset"].bool == false && missed.items.map(\.text) == [followed, left])
    }

    /// The process that served it has no Redis: the log's reader does it.
    @Test func theLogBringsIt() async throws {
        let (alice, bob) = try await pair()
        let post = try await alice.post(text: "#late")
        try await site.settle()
        #expect(try await bob.walk() == [])
        // A timeline that was made since would know of it; Redis' clock goes on.
        try await site.pass(seconds: 600)
        let away = try await site.another(.withoutRedis)
        try await follow("late", bob.on(away))
        let told = try await messages(to: bob) { try await site.settle() }
        #expect(told.map { changed($0, bob) } == [#"{"type":"feed.changed","reason":"follow","tag":"late"}"#])
        try await expectFeed([post], of: bob)
        try await unfollow("late", bob.on(away))
        await away.close()
        _ = try await messages(to: bob) { try await site.settle() }
        try await expectFeed([], of: bob)
    }
}
