import Core
import RedisLink
import Store
import Synchronization

/// The slow audit: a few feeds a second, round and round, by one process of all. What it finds it repairs.
final class FeedAuditTurn: Sendable {
    /// Feeds in one look; there is one each second.
    private static let step: Int64 = 5
    /// With more of these it looks at no others.
    private static let mostSuspects = 100

    private let audit: FeedAudit
    private let database: Database
    private let hasCaughtUp: @Sendable () async throws -> Bool
    private let clock: any MonotonicClock
    private let name = String(UInt64.random(in: 1 ... .max), radix: 36)
    private let suspects: Mutex<FeedSuspects>
    private let looks = Metrics.shared.counter(.feedAudits)
    private let failures = Metrics.shared.counter(.feedFailures)
    private let repairs = Metrics.shared.counter(.feedRepairs)
    private let strays = Metrics.shared.counter(.feedStrays)
    private let gauge = Metrics.shared.gauge(.feedSuspects)

    /// - Parameters:
    ///   - hasCaughtUp: whether the fan-out has; while it has not, a feed may lack what is on its way.
    ///   - patience: seconds for which a feed must look wrong.
    init(
        _ audit: FeedAudit, database: Database, clock: any MonotonicClock, patience: Double = 60,
        hasCaughtUp: @escaping @Sendable () async throws -> Bool
    ) {
        (self.audit, self.database, self.clock, self.hasCaughtUp) = (audit, database, clock, hasCaughtUp)
        suspects = Mutex(FeedSuspects(pause: 10, patience: patience))
    }

    /// One look.
    func run() async throws {
        do {
            try await lookAgain()
            guard suspects.withLock({ $0.count }) < Self.mostSuspects else { return }
            for user in try await next() {
                let finding = try await audit.look(at: user)
                looks.add()
                if let finding { suspects.withLock { $0.add(finding, now: clock.nanoseconds()) } }
            }
        } catch is RedisError {
            // There is nothing to compare.
        }
        gauge.set(suspects.withLock { $0.count })
    }

    private func lookAgain() async throws {
        // Asked once, and only where there is something to repair: on Kafka it takes a client for each group.
        var isTime: Bool?
        for user in suspects.withLock({ $0.due(now: clock.nanoseconds()) }) {
            let found = try await audit.look(at: user)
            let wrong = suspects.withLock { $0.again(user, found, now: clock.nanoseconds()) }
            guard let wrong else { continue }
            if isTime == nil { isTime = try await hasCaughtUp() }
            guard isTime == true else {
                suspects.withLock { $0.add(wrong, now: clock.nanoseconds()) }
                continue
            }
            try await audit.repair(wrong)
            repairs.add()
            strays.add(wrong.timelineStrays.count + wrong.storedStrays.count)
            if wrong.isFailure { failures.add() }
            Log.warning(.feedRepaired, ["failed": .number(wrong.isFailure ? 1 : 0), "what": .text(wrong.description)])
        }
    }

    /// Whose turn it is goes on where the last one was; a turn ends ten seconds after its process has gone.
    private func next() async throws -> [ID] {
        try await database.query(
            """
            WITH turn AS (
                SELECT place FROM feed_audit WHERE process = \(name) OR ends < now() FOR UPDATE SKIP LOCKED),
            chosen AS (SELECT u.id FROM turn CROSS JOIN LATERAL (
                SELECT id FROM users WHERE id >= turn.place ORDER BY id LIMIT \(Self.step)) u),
            moved AS (
                UPDATE feed_audit SET process = \(name), ends = now() + interval '10 seconds',
                    place = COALESCE((SELECT max(id) + 1 FROM chosen), 0)
                WHERE EXISTS (SELECT FROM turn))
            SELECT id FROM chosen
            """
        ).map { try $0.id("id") }
    }
}
