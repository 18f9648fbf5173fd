import EventLog
import RedisLink
import Store

/// What a group does about a batch whose handler throws. Where a neighbour is away, every group waits for it.
public enum FailurePolicy: Sendable {
    /// The partition waits: nothing of it may be passed over.
    case hold
    /// The records are handled one by one; those that fail by themselves come again later, each with those behind it that
    /// have its key. A partition never stands still for one record.
    case park(RetrySchedule)

    /// The error is of no record: PostgreSQL, Redis or Kafka can't be reached or is not itself, or the process ends.
    static func isOutage(_ error: any Error) -> Bool {
        switch error {
        case let error as PgError: error.isTemporary
        case let error as RedisError: error.isTemporary || error == .closed
        case let error as EventLogError: error.isTemporary
        case is CancellationError, is TooManyParked: true
        default: false
        }
    }
}

/// When what has failed comes again.
public struct RetrySchedule: Sendable {
    /// Milliseconds behind the first failure, the second, …; behind that of the last try there is no other.
    public let delays: [Int64]

    public init(seconds: [Double]) {
        precondition(!seconds.isEmpty, "a schedule without a retry")
        delays = seconds.map { Int64($0 * 1000) }
    }

    public static let standard = RetrySchedule(seconds: [5, 30, 300, 1800, 7200, 28_800])

    /// - Parameters:
    ///   - attempts: how often it has failed.
    ///   - spread: 0 to 1: what failed together comes again apart, up to a fifth later.
    /// - Returns: milliseconds; `nil`: it may not be tried again.
    public func delay(after attempts: Int, spread: Double) -> Int64? {
        guard attempts > 0, attempts <= delays.count else { return nil }
        return delays[attempts - 1] + Int64(Double(delays[attempts - 1]) * spread / 5)
    }
}

/// A partition holds as many parked records as it may.
struct TooManyParked: Error, CustomStringConvertible {
    var description: String { "\(ParkedRecords.mostOfAPartition) records of the partition are parked: it waits" }
}
