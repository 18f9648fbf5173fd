import Core
import EventLog
import Store

/// What a group has for all of its partitions.
struct GroupParts: Sendable {
    let name: String
    let policy: FailurePolicy
    let handler: OutcomeHandler
    let log: any EventLog
    let database: Database
    let clock: any WallClock
    let metrics: FailureMetrics

    var schedule: RetrySchedule { if case .park(let schedule) = policy { schedule } else { .standard } }
}
