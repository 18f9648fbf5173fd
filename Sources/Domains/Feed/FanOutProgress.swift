import Core
import EventLog
import Posts
import Store

/// How far those are who bring posts to feeds: the relay, and the readers of the event log, in whichever processes.
struct FanOutProgress: Sendable {
    /// Milliseconds by which clocks may differ, and for which something may be in the outbox.
    static let margin: Int64 = 5_000

    let database: Database
    let log: any EventLog
    let readers: [SubscriptionOptions]
    let clock: any WallClock

    /// Whether all that was committed a few seconds ago has been read.
    func hasCaughtUp() async throws -> Bool {
        let waiting = try await database.query(
            """
            SELECT EXISTS (
                SELECT FROM (SELECT created_at FROM outbox ORDER BY id LIMIT 1) o
                WHERE created_at < clock_timestamp() - make_interval(secs => \(Self.margin / 1000)::int)) AS waits
            """)[0]
        guard try !waiting.bool("waits") else { return false }
        return try await log.isRead(by: readers, before: clock.milliseconds() - Self.margin)
    }

    /// And nothing is being told once more that the log has lost: live clients need not read anew for that.
    func isAtRest() async throws -> Bool {
        if try await database.query(OpenChanges.wait)[0].bool("wait") { return false }
        return try await hasCaughtUp()
    }
}
