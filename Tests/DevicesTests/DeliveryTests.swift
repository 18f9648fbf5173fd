import Core
import Devices
import Store
import TestSite
import Testing

/// The books of what is sent to devices.
@Suite(.site, .serialized) struct DeliveryTests {
    private let site = TestSite.current
    private var books: Deliveries { site.devices.deliveries }

    /// A user with a device, and keys of some notifications for it.
    private func user(_ count: Int) async throws -> (user: TestUser, device: String, keys: [DeliveryKey]) {
        let user = try await site.signUp()
        let device = try await user.register(TestUser.browser("books/\(user.id)"))
        let keys = (1...count).map {
            DeliveryKey(user: ID(user.id)!, device: ID(device)!, notification: ID(raw: Int64($0)))
        }
        return (user, device, keys)
    }

    private func consume(_ keys: [DeliveryKey]) async throws -> Set<DeliveryKey> {
        try await books.consume(keys.map { .init($0, type: "like") })
    }

    private func redrive(_ keys: [DeliveryKey]) async throws -> Set<DeliveryKey> {
        try await site.database.transaction { [books] in try await books.redrive($0, keys) }
    }

    /// `consumed waiting delivered dead expired invalidated suppressed`
    private func counts(_ user: TestUser) async throws -> [Int64] {
        let columns = ["consumed", "waiting", "delivered", "dead", "expired", "invalidated", "suppressed"]
        let rows = try await site.database.query("SELECT * FROM delivery_counts WHERE user_id = \(ID(user.id)!)")
        return try columns.map { try rows[0].integer($0) }
    }

    private func shown(_ user: TestUser, _ device: String) async throws -> [JSONValue] {
        try await user.get("/v1/devices/\(device)/deliveries").items
    }

    private func state(_ user: TestUser, _ device: String) async throws -> String? {
        try await user.get("/v1/devices").items.first { $0["id"].string == device }?["state"].string
    }

    @Test func everyStateAndItsCount() async throws {
        let (alice, device, keys) = try await user(7)
        #expect(try await consume(keys) == Set(keys))
        #expect(try await consume(keys).isEmpty)
        #expect(try await counts(alice) == [7, 7, 0, 0, 0, 0, 0])
        let ends: [DeliveryEnd] = [
            .init(keys[0], .delivered, status: 201, attempts: 1),
            .init(keys[1], .dead, reason: .message, status: 413, attempts: 1),
            .init(keys[2], .expired, attempts: 0), .init(keys[3], .invalidated, status: 410, attempts: 2),
            .init(keys[4], .suppressed, reason: .live, attempts: 0),
        ]
        #expect(try await books.finish(ends) == Set(keys[0...4]))
        #expect(try await books.finish(ends).isEmpty)
        #expect(try await counts(alice) == [7, 2, 1, 1, 1, 1, 1])
        // From the end nothing leads back but a redrive of what is dead.
        #expect(try await books.finish([.init(keys[0], .dead, attempts: 9)]).isEmpty)
        #expect(try await books.park([.init(keys[0], for: .retry, until: nil, attempts: 9)]).isEmpty)
        #expect(try await redrive(keys) == [keys[1]])
        #expect(try await redrive(keys).isEmpty)
        #expect(try await counts(alice) == [7, 3, 1, 0, 1, 1, 1])
        let list = try await shown(alice, device)
        #expect(list.map { $0["id"].string } == (1...7).reversed().map { "\($0)" })
        #expect(
            list.map { $0["state"].string }
                == ["waiting", "waiting", "suppressed", "invalidated", "expired", "waiting", "delivered"])
        #expect(list[3]["last_status"].integer == 410 && list[3]["attempts"].integer == 2)
        #expect(list[2]["reason"].string == "live" && list[2]["last_status"].isNull && list[5]["attempts"].integer == 0)
        #expect(try await site.wrongCounts().isEmpty)
        #expect(try await alice.walk("/v1/devices/\(device)/deliveries", limit: 2).count == 7)
    }

    @Test func parkedUntilItsTime() async throws {
        let (alice, device, keys) = try await user(2)
        _ = try await consume(keys)
        let due = site.clock.milliseconds() + 5_000
        let pause = DeliveryPause(keys[0], for: .retry, until: due, status: 503, attempts: 1)
        #expect(try await books.park([pause]) == [keys[0]])
        #expect(try await books.park([pause]).isEmpty)
        let parked = try await shown(alice, device)[1]
        #expect(parked["state"].string == "waiting" && parked["reason"].string == "retry")
        #expect(parked["due_at"].string == rfc3339(milliseconds: due) && parked["last_status"].integer == 503)
        #expect(try await books.park([.init(keys[0], for: .parked, until: nil, attempts: 0)]) == [keys[0]])
        let again = try await shown(alice, device)[1]
        #expect(again["attempts"].integer == 1 && again["due_at"].isNull && again["reason"].string == "parked")
        #expect(try await counts(alice) == [2, 2, 0, 0, 0, 0, 0])
        // Of several changes of one the last one counts.
        let done = try await books.finish([.init(keys[0], .dead, attempts: 2), .init(keys[0], .delivered, attempts: 2)])
        #expect(done == [keys[0]])
        #expect(try await counts(alice) == [2, 1, 1, 0, 0, 0, 0])
    }

    @Test func devicesFailAndGo() async throws {
        let (alice, device, keys) = try await user(9)
        _ = try await consume(keys)
        for attempt in 1...4 {
            let pause = DeliveryPause(keys[0], for: .retry, until: nil, status: 500, attempts: attempt)
            // A repeat is no failure more, nor is what waits for a credential of ours.
            for _ in 0..<2 { _ = try await books.park([pause]) }
            _ = try await books.park([.init(keys[1], for: .parked, until: nil, status: 401, attempts: attempt)])
        }
        #expect(try await state(alice, device) == "active")
        _ = try await books.finish([.init(keys[0], .dead, reason: .attempts, status: 500, attempts: 5)])
        #expect(try await state(alice, device) == "failing")
        _ = try await books.finish([.init(keys[2], .suppressed, reason: .muted, attempts: 0)])
        #expect(try await state(alice, device) == "failing")
        _ = try await books.finish([.init(keys[3], .delivered, status: 201, attempts: 1)])
        let active = try await alice.get("/v1/devices").items[0]
        #expect(active["state"].string == "active")
        #expect(active["last_success"].string == rfc3339(milliseconds: site.clock.milliseconds()))
        _ = try await books.finish([.init(keys[4], .invalidated, status: 410, attempts: 1)])
        #expect(try await state(alice, device) == "gone")
        #expect(try await site.devices.devices.reachable(site.database, of: [keys[0].user]).isEmpty)
        // It is there again when it says so.
        #expect(try await alice.post("/v1/devices", TestUser.browser("books/\(alice.id)")).status == 200)
        #expect(try await state(alice, device) == "active")
    }

    /// What was said of a device before it was registered again was said of another.
    @Test func registeredAgain() async throws {
        let (alice, _, keys) = try await user(1)
        func registered() async throws -> Int64? {
            try await site.devices.devices.reachable(site.database, of: [keys[0].user]).first?.registeredAt
        }
        #expect(try await registered() == site.clock.milliseconds())
        try await site.pass(seconds: 60)
        #expect(try await alice.post("/v1/devices", TestUser.browser("books/\(alice.id)")).status == 200)
        #expect(try await registered() == site.clock.milliseconds())
        // One that a process of the version before has made.
        try await site.database.query("UPDATE devices SET registered_at = NULL WHERE user_id = \(keys[0].user)")
        #expect(try await registered() == keys[0].device.milliseconds)
    }

    /// More old rows than one statement takes are gone after one step, and what they counted is counted.
    @Test func manyOldOnesGoAtOnce() async throws {
        let (alice, _, keys) = try await user(2_500)
        _ = try await consume(keys)
        _ = try await books.finish(keys.map { .init($0, .delivered, status: 201, attempts: 1) })
        try await site.database.query(
            "UPDATE deliveries SET at = now() - interval '8 days' WHERE user_id = \(keys[0].user)")
        try await site.runUpkeep()
        let left = try await site.database.query(
            "SELECT count(*) AS rows FROM deliveries WHERE user_id = \(keys[0].user)")
        #expect(try left[0].int("rows") == 0)
        #expect(try await counts(alice) == [2_500, 0, 2_500, 0, 0, 0, 0])
        #expect(try await site.wrongCounts().isEmpty)
    }

    /// What waits for a device that is removed, moves, or ends with its session is not sent, and stays in the books.
    @Test func whatWaitsForAGoneDeviceIsSuppressed() async throws {
        let bob = try await site.signUp()
        for way in 0..<3 {
            let (alice, device, keys) = try await user(3)
            _ = try await consume(keys)
            _ = try await books.finish([.init(keys[0], .delivered, attempts: 1)])
            switch way {
            case 0: #expect(try await alice.delete("/v1/devices/\(device)").status == 204)
            case 1: _ = try await bob.register(TestUser.browser("books/\(alice.id)"))
            default:
                #expect(try await alice.logOut().status == 204)
                try await site.runUpkeep()
            }
            #expect(try await counts(alice) == [3, 0, 1, 0, 0, 0, 2])
            let rows = try await site.database.query(
                "SELECT DISTINCT reason FROM deliveries WHERE user_id = \(keys[0].user) AND state = 'suppressed'")
            #expect(try rows.map { try $0.text("reason") } == ["device"])
        }
        #expect(try await site.wrongCounts().isEmpty)
    }

    @Test func oldRowsGoAndStayCounted() async throws {
        let (alice, device, keys) = try await user(4)
        _ = try await consume(keys)
        _ = try await books.finish([.init(keys[0], .delivered, attempts: 1), .init(keys[1], .dead, attempts: 1)])
        try await site.pass(seconds: 6 * 86_400)
        _ = try await books.finish([.init(keys[2], .delivered, attempts: 1)])
        try await site.pass(seconds: 1.5 * 86_400)
        try await site.runUpkeep()
        let session = try await site.logIn(alice)
        let left = try await site.database.query(
            "SELECT notification_id FROM deliveries WHERE user_id = \(keys[0].user) ORDER BY 1")
        #expect(try left.map { try $0.integer("notification_id") } == [2, 3, 4])
        #expect(try await counts(alice) == [4, 1, 2, 1, 0, 0, 0])
        #expect(try await site.wrongCounts().isEmpty)
        try await site.pass(seconds: 30 * 86_400)
        try await site.runUpkeep()
        let last = try await site.database.query("SELECT state FROM deliveries WHERE user_id = \(keys[0].user)")
        // The device's session has ended meanwhile: what waited for it is suppressed.
        #expect(last.count <= 1)
        #expect(try await counts(session).first == 4)
        #expect(try await site.wrongCounts().isEmpty)
        _ = device
    }

    @Test func wrongNumbersAreFoundAndRepaired() async throws {
        let (alice, _, keys) = try await user(5)
        _ = try await consume(keys)
        _ = try await books.finish([.init(keys[0], .delivered, attempts: 1)])
        let user = keys[0].user
        // PostgreSQL takes no number that does not balance.
        await #expect(throws: PgError.self) {
            try await site.database.query("UPDATE delivery_counts SET waiting = 9 WHERE user_id = \(user)")
        }
        try await site.database.query(
            "UPDATE delivery_counts SET waiting = waiting + 3, consumed = consumed + 3 WHERE user_id = \(user)")
        try await site.database.query("DELETE FROM deliveries WHERE user_id = \(user) AND state = 'delivered'")
        let found = try await site.wrongCounts(repairs: true)
        #expect(found.map(\.name) == ["deliveries"] && found[0].id == user)
        #expect(found[0].counted == "{7,1,0,0,0,0}" && found[0].found == "{4,0,0,0,0,0}")
        #expect(try await site.wrongCounts().isEmpty)
        #expect(try await counts(alice) == [4, 4, 0, 0, 0, 0, 0])
    }

    /// Crowds of changes of the same rows at once: each happens once, and the books are right at any time.
    @Test func manyAtOnce() async throws {
        var keys: [DeliveryKey] = []
        for _ in 0..<4 { keys += try await user(40).keys }
        let (all, books) = (keys, books)
        let done = try await withThrowingTaskGroup(of: (Int, Int, Int).self) { group in
            for turn in 0..<8 {
                group.addTask {
                    let shuffled = turn % 2 == 0 ? all : all.reversed()
                    let new = try await books.consume(shuffled.map { .init($0, type: "like") })
                    let dead = try await books.finish(shuffled.map { .init($0, .dead, attempts: 1) })
                    let back = try await redrive(shuffled)
                    return (new.count, dead.count, back.count)
                }
            }
            return try await group.reduce((0, 0, 0)) { ($0.0 + $1.0, $0.1 + $1.1, $0.2 + $1.2) }
        }
        #expect(done.0 == all.count)
        let rows = try await site.database.query(
            "SELECT count(*) FILTER (WHERE state = 'dead') AS dead, count(*) AS rows FROM deliveries WHERE user_id = ANY (\(all.map(\.user))::bigint[])"
        )
        let (found, dead) = (try rows[0].int("rows"), try rows[0].int("dead"))
        #expect(found == all.count && dead == done.1 - done.2)
        #expect(try await site.wrongCounts().isEmpty)
    }

    /// More than a transaction takes.
    @Test func aLongList() async throws {
        let (alice, _, keys) = try await user(2_500)
        #expect(try await consume(keys).count == 2_500)
        #expect(try await books.finish(keys.map { .init($0, .delivered, attempts: 1) }).count == 2_500)
        #expect(try await counts(alice) == [2_500, 0, 2_500, 0, 0, 0, 0])
    }
}
