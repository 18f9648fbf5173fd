import Core
import Store
import TestSite
import Testing

@testable import Devices

/// How often a device is pushed to about one group.
@Suite struct PushPaceTests {
    private func id(_ number: Int64) -> ID { ID(raw: number) }

    @Test func growingDistances() {
        var pace = PushPace()
        var now: Int64 = 1_000_000
        var gone: [Int64] = []
        // One a second, for a day.
        for number in 1...86_400 {
            if pace.ask(id(Int64(number)), now: now, least: 60_000).turn == .now { gone.append(now) }
            now += 1000
        }
        let waits = zip(gone.dropFirst(), gone).map { ($0 - $1) / 60_000 }
        #expect(Array(waits.prefix(5)) == [1, 5, 15, 60, 60] && waits.dropFirst(3).allSatisfy { $0 == 60 })
        #expect(gone.count == 27)
    }

    @Test func theNewestOfThoseThatWait() {
        var pace = PushPace()
        #expect(pace.ask(id(1), now: 0, least: 60).turn == .now)
        #expect(pace.ask(id(1), now: 1, least: 60).turn == .now, "another attempt of it")
        #expect(pace.ask(id(2), now: 10, least: 60) == (.later(60), nil))
        #expect(pace.ask(id(2), now: 11, least: 60) == (.later(60), nil), "its sender has died")
        #expect(pace.ask(id(4), now: 20, least: 60) == (.later(60), id(2)))
        #expect(pace.ask(id(3), now: 21, least: 60) == (.replaced, nil), "it was late")
        #expect(pace.ask(id(4), now: 60, least: 60) == (.now, nil))
        #expect(pace.ask(id(3), now: 61, least: 60) == (.replaced, nil))
        #expect(pace.ask(id(5), now: 62, least: 60) == (.later(360), nil))
        // One that waits has no turn any more when a newer one has come in its time.
        #expect(pace.ask(id(6), now: 400, least: 60) == (.now, id(5)))
    }

    @Test func itBeginsAnewAfterACalm() {
        var pace = PushPace()
        #expect(pace.ask(id(1), now: 0, least: 60).turn == .now)
        #expect(pace.ask(id(2), now: 119, least: 60).turn == .now)
        #expect(pace.next == 119 + 300)
        #expect(pace.ask(id(3), now: 119 + 600, least: 60).turn == .now)
        #expect(pace.next == 119 + 600 + 60)
    }
}

/// The same in the books.
@Suite(.site, .serialized) struct PaceTests {
    private let site = TestSite.current
    private var books: Deliveries { site.devices.deliveries }

    private func state(_ key: DeliveryKey) async throws -> String {
        let row = try await site.database.query(
            """
            SELECT state || COALESCE(' ' || reason, '') AS state FROM deliveries
            WHERE user_id = \(key.user) AND device_id = \(key.device) AND notification_id = \(key.notification)
            """)
        return try row[0].text("state")
    }

    @Test func whatIsReplacedIsSuppressed() async throws {
        let alice = try await site.signUp()
        let devices = try await concurrently(2) { try await alice.register(TestUser.browser("pace/\(alice.id)/\($0)")) }
        func key(_ device: Int, _ number: Int64) -> DeliveryKey {
            DeliveryKey(user: ID(alice.id)!, device: ID(devices[device])!, notification: ID(raw: number))
        }
        let all = (0..<2).flatMap { device in (1...4).map { key(device, Int64($0)) } }
        _ = try await books.consume(all.map { .init($0, type: "like") })
        let now = site.clock.milliseconds()
        func turn(_ key: DeliveryKey, _ group: String, at time: Int64 = 0) async throws -> PushTurn? {
            try await books.turns([key: group], now: now + time, least: 60_000)[key]
        }
        #expect(try await turn(key(0, 1), "like:post:1") == .now)
        // Another group, and another device, have their own.
        #expect(try await turn(key(0, 2), "like:post:2") == .now)
        #expect(try await turn(key(1, 1), "like:post:1") == .now)
        #expect(try await turn(key(0, 3), "like:post:1", at: 1) == .later(now + 60_000))
        _ = try await books.park([.init(key(0, 3), for: .pace, until: now + 60_000, attempts: 0)])
        #expect(try await state(key(0, 3)) == "waiting pace")
        #expect(try await turn(key(0, 4), "like:post:1", at: 2) == .later(now + 60_000))
        #expect(try await state(key(0, 3)) == "suppressed newer")
        #expect(try await turn(key(0, 4), "like:post:1", at: 60_000) == .now)
        #expect(try await site.wrongCounts().isEmpty)
        try await site.pass(seconds: 2 * 86_400)
        try await site.runUpkeep()
        let left = try await site.database.query("SELECT key FROM push_paces WHERE user_id = \(ID(alice.id)!)")
        #expect(left.isEmpty)
    }

    /// Of many at once for one group one goes.
    @Test func manyAtOnce() async throws {
        let alice = try await site.signUp()
        let device = try await alice.register(TestUser.browser("pace/\(alice.id)"))
        let keys = (1...40).map {
            DeliveryKey(user: ID(alice.id)!, device: ID(device)!, notification: ID(raw: Int64($0)))
        }
        _ = try await books.consume(keys.map { .init($0, type: "like") })
        let (books, now) = (books, site.clock.milliseconds())
        let turns = try await concurrently(keys.count) {
            try await books.turns([keys[$0]: "like:post:1"], now: now, least: 60_000)[keys[$0]]!
        }
        #expect(turns.count { $0 == .now } == 1)
        let waiting = try await site.database.query(
            "SELECT waiting_id FROM push_paces WHERE user_id = \(ID(alice.id)!)")
        // The last is the one that waits, but where it was the first.
        let last = turns[39] == .now ? nil : keys[39].notification
        #expect(try waiting[0].optionalID("waiting_id") == last)
        #expect(try await site.wrongCounts().isEmpty)
    }
}
