import Core
import Devices
import Store
import TestSite
import Testing

/// `device.failing`: when it is told, live and to who comes back.
@Suite(.site, .serialized) struct FailingTests {
    private let site = TestSite.current
    private var books: Deliveries { site.devices.deliveries }

    private func user(_ count: Int) async throws -> (user: TestUser, device: String, keys: [DeliveryKey]) {
        let user = try await site.signUp()
        let device = try await user.register(TestUser.browser("failing/\(user.id)"))
        let keys = (1...count).map {
            DeliveryKey(user: ID(user.id)!, device: ID(device)!, notification: ID(raw: Int64($0)))
        }
        _ = try await books.consume(keys.map { .init($0, type: "like") })
        return (user, device, keys)
    }

    private func fail(_ key: DeliveryKey, _ attempts: ClosedRange<Int>) async throws {
        for attempt in attempts {
            _ = try await books.park([.init(key, for: .retry, until: nil, status: 500, attempts: attempt)])
        }
    }

    /// What comes behind a position: states of devices.
    private func told(_ user: TestUser, since live: String) async throws -> [String] {
        try await site.settle()
        return try await user.get("/v1/feed?channels=notifications&since=\(live)").items.map {
            "\($0["type"].string ?? "?") \($0["device"]["id"].string ?? "?") \($0["device"]["state"].string ?? "?")"
        }
    }

    @Test func itIsToldOnceWhenItBegins() async throws {
        let (alice, device, keys) = try await user(3)
        let live = try await alice.get("/v1/notifications")["live"].string!
        try await fail(keys[0], 1...4)
        #expect(try await told(alice, since: live) == [])
        try await fail(keys[0], 5...5)
        #expect(try await told(alice, since: live) == ["device.failing \(device) failing"])
        try await fail(keys[0], 6...8)
        _ = try await books.finish([.init(keys[0], .dead, reason: .attempts, status: 500, attempts: 9)])
        try await site.settle()
        #expect(site.events(in: "device.events", of: alice.id) == ["device.failing"])
        // Another consumer that begins anew tells nothing twice.
        site.rewind("personal")
        #expect(try await told(alice, since: live) == ["device.failing \(device) failing"])
        // What comes back later is told how the device is by then.
        _ = try await books.finish([.init(keys[1], .delivered, status: 201, attempts: 1)])
        #expect(try await told(alice, since: live) == [])
        #expect(try await alice.get("/v1/devices").items[0]["state"].string == "active")
        // It may begin to fail again.
        try await fail(keys[2], 1...5)
        #expect(try await told(alice, since: live) == ["device.failing \(device) failing"])
        #expect(site.events(in: "device.events", of: alice.id).count == 2)
    }

    /// One event for a device that failed for long, and one when it is gone; of several that end at once one.
    @Test func oneThatIsGone() async throws {
        let (alice, device, keys) = try await user(4)
        let live = try await alice.get("/v1/notifications")["live"].string!
        _ = try await books.finish(keys.prefix(3).map { .init($0, .invalidated, status: 410, attempts: 1) })
        #expect(try await told(alice, since: live) == ["device.failing \(device) gone"])
        _ = try await books.finish([.init(keys[3], .invalidated, status: 410, attempts: 1)])
        try await site.settle()
        #expect(site.events(in: "device.events", of: alice.id) == ["device.failing"])
        // One that was removed says nothing any more.
        #expect(try await alice.delete("/v1/devices/\(device)").status == 204)
        #expect(try await told(alice, since: live) == [])
    }

    /// Beside notifications, each as it is now; and to nobody else.
    @Test func besideNotifications() async throws {
        let ((alice, device, keys), bob) = (try await user(1), try await site.signUp())
        let live = try await alice.get("/v1/notifications")["live"].string!
        let others = try await bob.get("/v1/notifications")["live"].string!
        try await bob.follow(alice)
        try await site.settle()
        try await fail(keys[0], 1...5)
        try await site.settle()
        let items = try await alice.get("/v1/feed?channels=notifications&since=\(live)").items
        #expect(items.map { $0["type"].string } == ["notification.created", "device.failing"])
        #expect(items.last?["device"]["id"].string == device && items.last?["channel"].string == "notifications")
        #expect(try await told(bob, since: others) == [])
    }
}
