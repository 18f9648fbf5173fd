import Core
import RedisLink
import Store

/// A number in Redis that moves each second, and the highest that Redis has acknowledged in PostgreSQL: so a Redis whose data
/// went back under a connection that was kept is found out (`mark.lua`). Any number of processes may move it at once.
struct RedisMark: Sendable {
    let database: Database
    let timelines: Timelines

    /// Once. Does nothing while Redis can't be reached: who connects asks what it holds (`Timelines.entry`).
    func move() async throws {
        let recorded = try await database.query("SELECT mark FROM redis_mark")[0].integer("mark")
        do {
            guard let mark = try await timelines.move(mark: recorded) else { return }
            // One that a crash takes back is a mark that is lower than it might be: no harm.
            try await database.batch([
                Transaction.unhurried, "UPDATE redis_mark SET mark = \(mark) WHERE mark < \(mark)",
            ])
        } catch is RedisError {}
    }
}
