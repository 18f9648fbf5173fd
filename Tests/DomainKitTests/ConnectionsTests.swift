import DomainKit
import RedisLink
import Runtime
import Store
import Synchronization
import Testing

/// Each purpose goes on while all connections of the others are held up. No times are measured: who is held up waits for
/// a lock that the test holds, or for a list that it fills.
@Suite(.serialized) struct ConnectionsTests {
    enum Purpose: CaseIterable, Sendable {
        case routes, workers, scans
    }

    private static let sizes = ConnectionSizes(4, keepsLog: true)
    private let connections: Connections
    private let holder: Database

    init() async throws {
        let loop = EventLoop(name: "connections")
        connections = try await Connections(
            on: loop,
            .init(postgres: TestServers.postgres, redis: TestServers.redis, sizes: Self.sizes, scripts: []))
        try await connections.waitForRedis(milliseconds: 10_000)
        holder = Database(loop: loop, options: DatabaseOptions(connectionInfo: TestServers.postgres, connections: 2))
    }

    private func pair(_ purpose: Purpose) -> Connections.Pair {
        switch purpose {
        case .routes: connections.routes
        case .workers: connections.workers
        case .scans: connections.scans
        }
    }

    private func others(than purpose: Purpose) -> [Connections.Pair] {
        Purpose.allCases.filter { $0 != purpose }.map { pair($0) }
    }

    @Test func theSettingIsDivided() {
        let roles = ConnectionSizes(12, keepsLog: false)
        #expect((roles.routes, roles.workers, roles.scans, roles.log) == (12, 6, 6, 0))
        #expect(roles.total == 26 && ConnectionSizes(12, keepsLog: true).total == 38)
        let least = ConnectionSizes(2, keepsLog: true)
        #expect((least.routes, least.workers, least.scans, least.log) == (2, 2, 2, 2))
    }

    @Test(arguments: Purpose.allCases)
    func inPostgreSQLNobodyWaitsForTheOthers(_ free: Purpose) async throws {
        let busy = others(than: free).map(\.database) + [connections.log!]
        let held = Self.sizes.total - 2 - size(of: free)
        let passed = Flag()
        let (isLocked, release) = (Wakeup(), Wakeup())
        let holding = Task { [holder] in
            try await holder.transaction { transaction in
                try await transaction.query("SELECT pg_advisory_xact_lock(77)")
                isLocked.signal()
                await release.wait()
            }
        }
        await isLocked.wait()
        // One more in each pool until all of its connections wait: the least busy one is given it.
        var waiters: [Task<Void, any Error>] = []
        try await eventually {
            waiters += busy.map { database in
                Task { _ = try await database.query("SELECT pg_advisory_xact_lock_shared(77)") }
            }
            return try await waiting() == held
        }
        waiters += busy.map { database in
            Task {
                try await database.query("SELECT 1")
                passed.set()
            }
        }
        for _ in 0..<20 { try await pair(free).database.query("SELECT 1") }
        try await pair(free).database.transaction { _ = try await $0.query("SELECT 1") }
        #expect(!passed.isSet)
        release.signal()
        try await holding.value
        for waiter in waiters { try await waiter.value }
        #expect(passed.isSet)
        await connections.close()
    }

    @Test(arguments: Purpose.allCases)
    func inRedisNobodyWaitsForTheOthers(_ free: Purpose) async throws {
        let passed = Flag()
        let list = "held-\(free)"
        var waiters = others(than: free).map { pair in
            Task { _ = try await pair.redis.command("BLPOP", .text(list), 0) }
        }
        try await eventually {
            let clients = try await pair(free).redis.command("INFO", "clients").text
            return clients?.contains("blocked_clients:2") == true
        }
        waiters += others(than: free).map { pair in
            Task {
                _ = try await pair.redis.command("PING")
                passed.set()
            }
        }
        for _ in 0..<20 { _ = try await pair(free).redis.command("PING") }
        #expect(!passed.isSet)
        _ = try await pair(free).redis.command("RPUSH", .text(list), "a", "b")
        for waiter in waiters { try await waiter.value }
        #expect(passed.isSet)
        await connections.close()
    }

    private final class Flag: Sendable {
        private let state = Atomic<Bool>(false)
        var isSet: Bool { state.load(ordering: .acquiring) }
        func set() { state.store(true, ordering: .releasing) }
    }

    private func size(of purpose: Purpose) -> Int {
        switch purpose {
        case .routes: Self.sizes.routes
        case .workers: Self.sizes.workers
        case .scans: Self.sizes.scans
        }
    }

    /// How many connections wait for the test's lock.
    private func waiting() async throws -> Int {
        try await holder.query(
            "SELECT count(*) AS waiting FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")[0].int("waiting")
    }

    private func eventually(_ isSo: () async throws -> Bool) async throws {
        for _ in 0..<400 {
            if try await isSo() { return }
            try await Task.sleep(nanoseconds: 20_000_000)
        }
        Issue.record("it did not come to that")
    }
}
