import Core
import Devices
import TestSite
import Testing

/// Whose turn it is.
@Suite(.site, .serialized) struct ClaimTests {
    private let site = TestSite.current
    private var books: Deliveries { site.devices.deliveries }

    private func deliveries(of user: TestUser, _ device: String, _ count: Int) -> [DeliveryKey] {
        (1...count).map { DeliveryKey(user: ID(user.id)!, device: ID(device)!, notification: ID(raw: Int64($0))) }
    }

    /// The digest of a device is one, however much else is due at the same moment.
    @Test func aDigestIsTakenAsAWhole() async throws {
        let now = site.clock.milliseconds()
        var all: [DeliveryKey] = []
        for name in ["one", "two", "three"] {
            let user = try await site.signUp()
            let device = try await user.register(TestUser.browser("claims/\(name)/\(user.id)"))
            all += deliveries(of: user, device, 40)
        }
        _ = try await books.consume(all.map { NewDelivery($0, type: "like") })
        _ = try await books.park(all.map { DeliveryPause($0, for: .digest, until: now - 1, attempts: 0) })
        var turns: [[DeliveryKey]] = []
        repeat {
            turns.append(try await books.claim(limit: 50, now: now, until: now + 60_000).map(\.key))
        } while turns.last != []
        #expect(turns.flatMap { $0 }.count == all.count)
        for device in Set(all.map(\.device)) {
            #expect(turns.count { $0.contains { $0.device == device } } == 1)
        }
    }

    /// What is claimed is nobody else's until its end, and then anybody's.
    @Test func aClaimEnds() async throws {
        let now = site.clock.milliseconds()
        let user = try await site.signUp()
        let device = try await user.register(TestUser.browser("claims/\(user.id)"))
        let mine = deliveries(of: user, device, 3)
        _ = try await books.consume(mine.map { NewDelivery($0, type: "like") }, due: now)
        #expect(Set(try await books.claim(limit: 10, now: now, until: now + 1000).map(\.key)) == Set(mine))
        #expect(try await books.claim(limit: 10, now: now + 999, until: now + 2000).isEmpty)
        #expect(try await books.claim(limit: 10, now: now + 1000, until: now + 2000).count == 3)
    }
}
