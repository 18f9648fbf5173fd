import Core
import Feed
import Live
import TestSite
import Testing

/// What is told live of notifications, between two polls. Whatever is told, the number told last is the list's.
@Suite(.site, .serialized) struct LiveTests {
    private let site = TestSite.current

    /// Where the list is, to go live from.
    private func begin(_ user: TestUser) async throws -> String {
        let list = try await user.get("/v1/notifications")
        guard let live = list["live"].string else { throw UnexpectedResponse(response: list) }
        return live
    }

    private func poll(_ user: TestUser, since live: String) async throws -> TestResponse {
        let response = try await user.get("/v1/feed?channels=notifications&since=\(live)")
        guard response.status == 200, response["reset"].bool == false else {
            throw UnexpectedResponse(response: response)
        }
        return response
    }

    /// What came since: types and keys; and the last one has the number and the version of the list.
    private func told(_ user: TestUser, since live: String) async throws -> [String] {
        let events = try await poll(user, since: live).items
        let list = try await user.get("/v1/notifications")
        if let last = events.last {
            #expect(last["unread"] == list["unread"] && last["version"] == list["version"])
        }
        for event in events {
            #expect(event["channel"].string == "notifications")
            if let key = event["group"]["key"].string {
                #expect(list.items.first { $0["key"].string == key } == event["group"])
            }
        }
        return events.map {
            "\($0["type"].string ?? "?") \($0["group"]["key"].string ?? $0["key"].string ?? $0["up_to"].string ?? "?")"
        }
    }

    @Test func whatHappensIsTold() async throws {
        let (alice, bob, carol) = (try await site.signUp(), try await site.signUp(), try await site.signUp())
        let post = try await alice.post(text: "hello")
        let key = "like:post:\(post)"
        let first = try await begin(alice)
        #expect(try await told(alice, since: first) == [])
        try await bob.like(post)
        try await site.settle()
        #expect(try await told(alice, since: first) == ["notification.created \(key)"])
        let second = try await poll(alice, since: first)["live"].string!
        try await carol.like(post)
        try await bob.follow(alice)
        try await site.settle()
        #expect(try await told(alice, since: second) == ["notification.created \(key)", "notification.created follow"])
        // Of each the newest.
        #expect(try await told(alice, since: first) == ["notification.created \(key)", "notification.created follow"])
        let third = try await poll(alice, since: second)["live"].string!
        try await bob.unlike(post)
        try await site.settle()
        #expect(try await told(alice, since: third) == ["notification.updated \(key)"])
        try await carol.unlike(post)
        try await site.settle()
        #expect(try await told(alice, since: third) == ["notification.removed \(key)"])
        #expect(try await poll(bob, since: begin(bob)).items == [])
    }

    @Test func whatTheUserDoesIsTold() async throws {
        let (alice, bob) = (try await site.signUp(), try await site.signUp())
        let posts = try await alice.posts(3)
        for post in posts { try await bob.like(post) }
        try await site.settle()
        let live = try await begin(alice)
        let items = try await alice.get("/v1/notifications").items
        let keys = items.compactMap { $0["key"].string }
        try await alice.does("PUT", "/v1/notifications/read", ["keys": [.string(keys[0])]])
        try await site.settle()
        #expect(try await told(alice, since: live) == ["notification.updated \(keys[0])"])
        let upTo = items[0]["id"].string!
        let later = try await poll(alice, since: live)["live"].string!
        try await alice.does("PUT", "/v1/notifications/read", ["up_to": .string(upTo)])
        try await site.settle()
        #expect(try await told(alice, since: later) == ["notifications.read \(upTo)"])
        // What changes nothing is not told.
        try await alice.does("PUT", "/v1/notifications/read", ["up_to": .string(upTo)])
        try await alice.does("DELETE", "/v1/notifications/\(keys[2])")
        try await alice.does("DELETE", "/v1/notifications/\(keys[2])")
        try await site.settle()
        #expect(
            try await told(alice, since: later) == ["notifications.read \(upTo)", "notification.removed \(keys[2])"])
        #expect(site.events(in: "inbox.events", of: alice.id).count == 4)
    }

    /// What is told again is made anew: nothing of whom the user must not see any more.
    @Test func aBlock() async throws {
        let (alice, bob, carol) = (try await site.signUp(), try await site.signUp(), try await site.signUp())
        let (one, other) = (try await alice.post(text: "one"), try await alice.post(text: "other"))
        let live = try await begin(alice)
        for user in [bob, carol] { try await user.like(one) }
        try await bob.like(other)
        try await site.settle()
        let before = try await poll(alice, since: live)
        #expect(before.items.count == 2)
        try await alice.does("PUT", "/v1/users/\(bob.id)/block")
        // The block itself has taken it back, though nothing was told of that yet.
        let now = try await poll(alice, since: live)
        #expect(!String(decoding: now.body, as: UTF8.self).contains(bob.handle))
        #expect(now.items.last?["unread"].integer == 1)
        try await site.settle()
        #expect(
            try await told(alice, since: before["live"].string!)
                == ["notification.updated like:post:\(one)", "notification.removed like:post:\(other)"])
    }

    /// A consumer that died before it could say what it had told tells nothing twice.
    @Test func aRepeat() async throws {
        let (alice, bob) = (try await site.signUp(), try await site.signUp())
        let live = try await begin(alice)
        for post in try await alice.posts(3) { try await bob.like(post) }
        try await site.settle()
        let key = ChannelName.notifications(of: ID(alice.id)!)
        let start = LiveCursor(epoch: try await site.channels.open(key).epoch, position: 0)
        let all = try await poll(alice, since: live)
        #expect(all.items.count == 3)
        site.rewind("inboxes")
        try await site.settle()
        #expect(try await poll(alice, since: all["live"].string!).items == [])
        #expect(try await site.channels.recover(key, from: start).missed == nil)
    }

    /// A Redis that has lost its data: the list is to be read, and what comes from then on is told.
    @Test func aFlush() async throws {
        let (alice, bob) = (try await site.signUp(), try await site.signUp())
        let post = try await alice.post(text: "hello")
        let live = try await begin(alice)
        try await bob.like(post)
        try await site.flushRedis()
        try await site.settle()
        let response = try await alice.get("/v1/feed?channels=notifications&since=\(live)")
        #expect(response["reset"].bool == true)
        #expect(response.items == [["channel": "notifications", "type": "reset", "read": "/v1/notifications"]])
        #expect(try await alice.notified() == ["like:post:\(post) 1"])
        try await bob.follow(alice)
        try await site.settle()
        #expect(try await told(alice, since: response["live"].string!) == ["notification.created follow"])
    }

    /// Feed and notifications have one clock: a position of either is one of both.
    @Test func onePositionForBoth() async throws {
        let (alice, bob) = (try await site.signUp(), try await site.signUp())
        try await alice.follow(bob)
        let post = try await alice.post(text: "hello")
        try await site.settle()
        _ = try await alice.get("/v1/feed")
        let live = try await begin(alice)
        try await bob.like(post)
        let bobs = try await bob.post(text: "bob's")
        try await site.settle()
        let both = try await alice.get("/v1/feed?channels=feed,notifications&since=\(live)")
        #expect(both["reset"].bool == false)
        #expect(
            Set(both.items.map { "\($0["channel"].string!) \($0["post"]["id"].string ?? $0["group"]["key"].string!)" })
                == ["feed \(bobs)", "notifications like:post:\(post)"])
        let feed = try await alice.get("/v1/feed?since=\(live)")
        #expect(feed.items.map { $0["post"]["id"].string } == [bobs])
        let page = try await alice.get("/v1/feed")["live"].string!
        #expect(try await poll(alice, since: page).items == [])
    }

    @Test func onlyOnesOwn() async throws {
        let (alice, bob) = (try await site.signUp(), try await site.signUp())
        let key = "notifications:\(alice.id)"
        for user in [alice, bob] {
            #expect(try await user.get("/v1/feed?channels=\(key)").isProblem(400, "invalid_field"))
        }
        let channel = try #require(site.channelKinds.channel(key))
        #expect(try await channel.isOpen(to: ID(alice.id)!))
        #expect(try await !channel.isOpen(to: ID(bob.id)!))
        #expect(try await bob.get("/v1/feed?channels=notifications,notifications").status == 400)
    }

    /// Who listens to notifications is known to whoever asks for many at once.
    @Test func whoListens() async throws {
        let users = try await concurrently(4) { _ in try await site.signUp() }
        let ids = users.map { ID($0.id)! }
        let all = Set(ids)
        #expect(try await site.channels.notified(among: []) == [])
        // No process hears what is said to this node; and who has read a list does not listen.
        _ = try await site.channels.register(ids[0...1].map { .notifications(of: $0) }, node: .random())
        _ = try await users[2].get("/v1/notifications")
        let place = try await users[3].get("/v1/feed")["live"].string!
        async let feed = users[3].get("/v1/feed?since=\(place)&wait=20")
        #expect(try await site.channels.notified(among: all) == [])
        let live = try await begin(users[0])
        async let waiting = users[0].get("/v1/feed?channels=notifications&since=\(live)&wait=20")
        try await eventually { try await site.channels.notified(among: all) == [ids[0]] }
        try await users[1].follow(users[0])
        try await site.settle()
        #expect(try await waiting.items.map { $0["type"].string } == ["notification.created"])
        _ = try await users[3].post(text: "ends the wait")
        _ = try await feed
        try await eventually { try await site.channels.notified(among: all) == [] }
    }

    /// Without Redis the list is read, and going live from it resets.
    @Test func withoutRedis() async throws {
        let away = try await site.another(.withoutRedis)
        let (alice, bob) = (try await site.signUp(), try await site.signUp())
        try await bob.follow(alice)
        try await site.settle()
        let list = try await alice.on(away).get("/v1/notifications")
        #expect(list.status == 200 && list.items.count == 1)
        let response = try await alice.get("/v1/feed?channels=notifications&since=\(list["live"].string!)")
        #expect(response["reset"].bool == true)
        await away.close()
    }
}
