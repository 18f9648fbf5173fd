import Core
import Devices
import Store
import TestSite
import Testing

/// `POST /v1/devices/{id}/test`: what is entered into the books, and how often.
@Suite(.site, .serialized) struct TestPushTests {
    private let site = TestSite.current
    private var books: Deliveries { site.devices.deliveries }

    private func test(_ user: TestUser, _ device: String) async throws -> TestResponse {
        try await user.post("/v1/devices/\(device)/test")
    }

    @Test func itIsADeliveryAsAnyOther() async throws {
        let alice = try await site.signUp()
        let device = try await alice.register(TestUser.browser("tests/\(alice.id)"))
        let made = try await test(alice, device)
        #expect(made.status == 202 && made["type"].string == "test" && made["state"].string == "waiting")
        #expect(try await alice.get("/v1/devices/\(device)/deliveries").items.map { $0["id"] } == [made["id"]])
        let now = site.clock.milliseconds()
        let mine = try await books.claim(limit: 100, now: now, until: now + 1000)
            .filter { $0.key.user == ID(alice.id)! }
        #expect(mine.map { "\($0.key.device) \($0.key.notification)" } == ["\(device) \(made["id"].string!)"])
        #expect(mine.allSatisfy { $0.isTest && $0.attempts == 0 })
        // It is in no list of notifications, and counts as nothing unread.
        #expect(try await alice.get("/v1/notifications").items == [])
        #expect(try await site.wrongCounts().isEmpty)
    }

    @Test func oneThatIsGone() async throws {
        let alice = try await site.signUp()
        let device = try await alice.register(TestUser.browser("tests/\(alice.id)"))
        let made = try await test(alice, device)
        let key = DeliveryKey(user: ID(alice.id)!, device: ID(device)!, notification: ID(made["id"].string!)!)
        _ = try await books.finish([.init(key, .invalidated, status: 410, attempts: 1)])
        #expect(try await test(alice, device).isProblem(410, "gone"))
    }

    /// Ten in the hour from the first one, over all of the user's devices; who asks at once gets no more.
    @Test func noMoreThanTenAnHour() async throws {
        let (alice, bob) = (try await site.signUp(), try await site.signUp())
        let (first, second) = (
            try await alice.register(TestUser.browser("tests/\(alice.id)/1")),
            try await alice.register(TestUser.browser("tests/\(alice.id)/2"))
        )
        let statuses = try await concurrently(14) { try await test(alice, $0 % 2 == 0 ? first : second).status }
        #expect(statuses.count { $0 == 202 } == 10 && statuses.count { $0 == 429 } == 4)
        let others = try await bob.register(TestUser.browser("tests/\(bob.id)"))
        #expect(try await test(bob, others).status == 202)
        try await site.pass(seconds: 1_800)
        let refused = try await test(site.logIn(alice), first)
        #expect(refused.isProblem(429, "rate_limited"))
        let wait = try #require(refused.retryAfter)
        #expect((1_700...1_801).contains(wait))
        try await site.pass(seconds: Double(wait))
        #expect(try await test(site.logIn(alice), first).status == 202)
        #expect(try await site.wrongCounts().isEmpty)
    }
}
