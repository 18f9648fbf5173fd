import Core
import Live
import TestSite
import Testing

/// `GET /v1/feed?channels=…`: long polls of several logs.
@Suite(.site) struct ChannelPollTests {
    private let site = TestSite.current

    /// - Returns: somebody who posts, a reader who follows, and both of the reader's channels.
    private func pair() async throws -> (TestUser, TestUser, channels: String) {
        let (alice, bob) = (try await site.signUp(), try await site.signUp())
        try await bob.follow(alice)
        return (alice, bob, "feed,user:\(alice.id)")
    }

    private func poll(
        _ user: TestUser, _ channels: String, since: String? = nil, wait: Int = 0
    ) async throws -> TestResponse {
        let since = since.map { "&since=\($0)" } ?? ""
        let response = try await user.get("/v1/feed?channels=\(channels)\(since)&wait=\(wait)")
        guard response.status == 200 else { throw UnexpectedResponse(response: response) }
        return response
    }

    private func begin(_ user: TestUser, _ channels: String) async throws -> String {
        try await poll(user, channels)["live"].string!
    }

    /// `channel type` or `channel post` of each item.
    private func told(_ response: TestResponse) -> [String] {
        response.items.map { "\($0["channel"].string!) \($0["post"]["id"].string ?? $0["type"].string!)" }
    }

    // MARK: What is told

    @Test func eachBeginsByItself() async throws {
        let (alice, bob, channels) = try await pair()
        let first = try await poll(bob, channels, wait: 45)
        #expect(told(first) == ["feed live", "user:\(alice.id) live"] && first["reset"].bool == false)
        // From a page the feed goes on; the other begins.
        let live = try await bob.get("/v1/feed")["live"].string!
        let second = try await poll(bob, channels, since: live)
        #expect(told(second) == ["user:\(alice.id) live"])
        let more = try await poll(bob, "user:\(bob.id),\(channels)", since: second["live"].string!)
        #expect(told(more) == ["user:\(bob.id) live"])
    }

    /// What happens between two polls comes once for each channel, in order, with its name before the event.
    @Test func betweenTwoPolls() async throws {
        let (alice, bob, channels) = try await pair()
        let live = try await begin(bob, channels)
        let ids = try await alice.posts(3)
        try await site.settle()
        let response = try await poll(bob, channels, since: live, wait: 45)
        #expect(told(response) == ids.map { "feed \($0)" } + ids.map { "user:\(alice.id) \($0)" })
        #expect(
            String(decoding: response.body, as: UTF8.self).hasPrefix(
                #"{"items":[{"channel":"feed","type":"post.created","post":{"#))
        // It says nothing of who is told.
        #expect(try await response.items[5]["post"] == site.stranger().get("/v1/posts/\(ids[2])").json)
        let next = try await poll(bob, channels, since: response["live"].string!)
        #expect(next.items.isEmpty && next["reset"].bool == false)
        // The same position holds for the feed alone.
        let plain = try await bob.get("/v1/feed?since=\(live)")
        #expect(plain.items.map { $0["post"]["id"].string } == ids && plain.items[0]["channel"].isNull)
    }

    @Test func itEndsWithTheEvent() async throws {
        let (alice, bob, _) = try await pair()
        let live = try await begin(bob, "user:\(alice.id)")
        async let response = poll(bob, "user:\(alice.id)", since: live, wait: 45)
        try await eventually { try await site.isHeardOf(bob) }
        let id = try await alice.post(text: "worth waiting for")
        try await site.settle()
        #expect(try await told(response) == ["user:\(alice.id) \(id)"])
    }

    /// More than goes into one response comes in parts, and nothing is lost between them.
    @Test func inParts() async throws {
        let (alice, bob, channels) = try await pair()
        var live = try await begin(bob, channels)
        var ids: [String] = []
        for number in 0..<40 {
            ids.append(try await alice.post(text: String(repeating: "\(number % 10)", count: 5000)))
        }
        try await site.settle()
        var (seen, parts) = ([String](), 0)
        while seen.count < 80 {
            let part = try await poll(bob, channels, since: live)
            guard !part.items.isEmpty, part["reset"].bool == false else { throw UnexpectedResponse(response: part) }
            #expect(part.body.count < 262_144 + 2048)
            seen += told(part)
            live = part["live"].string!
            parts += 1
        }
        #expect(seen == ids.map { "feed \($0)" } + ids.map { "user:\(alice.id) \($0)" } && parts == 2)
        #expect(try await poll(bob, channels, since: live).items.isEmpty)
    }

    // MARK: What can't be told any more

    @Test func redisBeginsAnew() async throws {
        let site = try await TestSite()
        let (alice, bob) = (try await site.signUp(), try await site.signUp())
        try await bob.follow(alice)
        let channels = "feed,user:\(alice.id)"
        let live = try await begin(bob, channels)
        try await site.flushRedis()
        let response = try await poll(bob, channels, since: live, wait: 45)
        #expect(told(response) == ["feed reset", "user:\(alice.id) reset"] && response["reset"].bool == true)
        #expect(response.items.map { $0["read"].string } == ["/v1/feed", "/v1/users/\(alice.id)/posts"])
        let id = try await alice.post(text: "after it")
        try await site.settle()
        let next = try await poll(bob, channels, since: response["live"].string!, wait: 45)
        #expect(told(next) == ["feed \(id)", "user:\(alice.id) \(id)"] && next["reset"].bool == false)
        await site.close()
    }

    // MARK: Who may

    @Test func aDeletedPostsChannelEnds() async throws {
        let (alice, bob, _) = try await pair()
        let post = try await alice.post(text: "soon gone")
        try await site.settle()
        let channels = "post:\(post),user:\(alice.id)"
        let live = try await begin(bob, channels)
        async let response = poll(bob, "post:\(post)", since: live, wait: 45)
        try await eventually { try await site.isHeardOf(bob) }
        #expect(try await alice.delete("/v1/posts/\(post)").status == 204)
        try await site.settle()
        let end = try await response
        #expect(told(end) == ["post:\(post) unsubscribed"] && end.items[0]["code"].integer == 2000)
        // Who polls later is told, too, and the other channel goes on.
        let both = try await poll(bob, channels, since: live)
        #expect(told(both) == ["post:\(post) unsubscribed", "user:\(alice.id) post.deleted"])
        let again = try await bob.get("/v1/feed?channels=\(channels)&since=\(both["live"].string!)")
        #expect(again.isProblem(404, "not_found", field: "channels"))
    }

    @Test(arguments: ["block", "private"]) func whoIsShutOutIsToldSo(_ way: String) async throws {
        let (alice, carol) = (try await site.signUp(), try await site.signUp())
        let channel = "user:\(alice.id)"
        let live = try await begin(carol, channel)
        async let response = poll(carol, channel, since: live, wait: 45)
        try await eventually { try await site.isHeardOf(carol) }
        if way == "block" {
            #expect(try await alice.put("/v1/users/\(carol.id)/block").status == 204)
        } else {
            let body = Array(#"{"private":true}"#.utf8)
            #expect(try await alice.send("PATCH", "/v1/me", body: body).status == 200)
        }
        _ = try await alice.post(text: "not for carol")
        try await site.settle()
        #expect(try await told(response) == ["\(channel) unsubscribed"])
        let later = try await carol.get("/v1/feed?channels=\(channel)")
        #expect(later.isProblem(404, "not_found", field: "channels"))
    }

    @Test func aPollEndsWithItsSession() async throws {
        let (_, bob, channels) = try await pair()
        let live = try await begin(bob, channels)
        async let response = bob.get("/v1/feed?channels=\(channels)&since=\(live)&wait=45")
        try await eventually { try await site.isHeardOf(bob) }
        let body: JSONValue = ["refresh_token": .string(bob.refreshToken)]
        #expect(try await site.stranger().post("/v1/auth/logout", body).status == 204)
        #expect(try await response.isProblem(401, "unauthenticated"))
    }

    // MARK: What is refused

    @Test func whatIsNone() async throws {
        let (alice, bob, channels) = try await pair()
        let theirs = try await begin(alice, "feed")
        let many = (1...17).map { "post:\($0)" }.joined(separator: ",")
        for (query, status, code, field) in [
            ("channels=", 400, "invalid_field", "channels"), ("channels=feed,feed", 400, "invalid_field", "channels"),
            ("channels=nothing:1", 400, "invalid_field", "channels"),
            ("channels=post:x", 400, "invalid_field", "channels"),
            ("channels=\(many)", 400, "invalid_field", "channels"),
            ("channels=post:9007199254740991", 404, "not_found", "channels"),
            ("channels=\(channels)&limit=1", 400, "invalid_field", "limit"),
            ("channels=\(channels)&cursor=x", 400, "invalid_field", "cursor"),
            ("channels=\(channels)&since=x", 400, "invalid_cursor", "since"),
            ("channels=\(channels)&since=\(theirs)", 400, "invalid_cursor", "since"),
            ("channels=\(channels)&wait=-1", 400, "invalid_field", "wait"),
        ] {
            let response = try await bob.get("/v1/feed?" + query)
            #expect(response.isProblem(status, code, field: field), "\(query): \(response)")
        }
        // A position of channels alone says nothing of the feed.
        let live = try await begin(bob, "user:\(alice.id)")
        #expect(try await bob.get("/v1/feed?since=\(live)").isProblem(400, "invalid_cursor", field: "since"))
    }
}

/// Who asks for many pays for them, as a stream does.
@Suite(.siteWithLimits) struct ChannelPollLimitTests {
    private let site = TestSite.current

    @Test func newChannelsAreCounted() async throws {
        let bob = try await site.signUp()
        let others = try await concurrently(15) { _ in try await site.signUp().id }
        let channels = others.map { "user:\($0)" }.joined(separator: ",")
        var last = try await bob.get("/v1/feed?channels=\(channels)")
        var live = last["live"].string!
        // Those that go on with what they have pay for what they are told only.
        for _ in 0..<40 {
            last = try await bob.get("/v1/feed?channels=\(channels)&since=\(live)")
            #expect(last.status == 200 && last.items.isEmpty)
            live = last["live"].string!
        }
        var count = 0
        while last.status == 200, count < 40 {
            last = try await bob.get("/v1/feed?channels=\(channels)")
            count += 1
        }
        #expect(last.isProblem(429, "rate_limited") && (18...22).contains(count), "\(count): \(last)")
    }
}
