import Core
import DomainRegistry
import EventLog
import FanOut
import Layouts
import Notifier
import Outbox
import Runtime
import Sidecars
import Store

/// More partitions for the topics of the event log. The partition of a key changes with their number, so what is in the log is read
/// to its end before, and nobody appends from then on: events wait in the outbox, and whoever reads begins anew.
struct LogGrowth: Sendable {
    private static let patience: UInt64 = 60_000_000_000

    /// Of each topic.
    let count: Int
    private let log: any EventLog
    private let topics: [Topic]
    private let stop: OutboxStop

    /// While nobody works.
    @Sendable func grow() async throws {
        guard try await stop.holds() else {
            throw Failure(
                "not changed: the connection to PostgreSQL was lost, and events may be on their way: give the command again"
            )
        }
        try await log.grow(topics)
    }

    /// Behind a change of before whose command has died: all go on before this one begins, for what is in the log must be read.
    static func settled(_ store: SiteStore) async throws -> SiteRecord {
        while true {
            guard let record = try await store.read() else { throw Failure("no process of the site has started yet") }
            guard record.next != nil else { return record }
            if record.isOverdue { _ = try await store.giveUp(record) }
            try await pause()
        }
    }

    /// Stops the outbox and waits until all is read, and lets it go behind the work.
    static func with(_ site: Site, _ count: Int, _ work: (LogGrowth) async throws -> Void) async throws {
        let (database, _) = site.neighbours.connection()
        defer { database.close() }
        let log = try await site.openLog()
        do {
            let stop = OutboxStop(database: database)
            try await wait("a relay holds the outbox") { try await stop.take() }
            let readers = readers(of: site, log)
            // Twice: at the first look one may have handed something to another that was asked before.
            for _ in 0..<2 {
                try await wait("not all of the event log is read") {
                    try await log.isRead(by: readers, before: site.clock.milliseconds() + 3_600_000)
                }
            }
            let topics = site.configuration.topics(Domains.topics, partitions: count)
            try await work(LogGrowth(count: count, log: log, topics: topics, stop: stop))
        } catch {
            await log.close()
            throw error
        }
        await log.close()
    }

    private static func readers(of site: Site, _ log: any EventLog) -> [SubscriptionOptions] {
        site.domains.all.flatMap { $0.consumers(log) }.map(\.subscription) + [Notifier.subscription]
    }

    private static func wait(_ what: String, until isDone: () async throws -> Bool) async throws {
        let end = monotonicNanoseconds() + patience
        while try await !isDone() {
            guard monotonicNanoseconds() < end else {
                throw Failure(
                    "not changed: after \(patience / 1_000_000_000) s \(what); see martlet_log_lag_records, and give the command again"
                )
            }
            try await pause()
        }
    }

    private static func pause() async throws { try await Task.sleep(nanoseconds: 200_000_000) }
}
