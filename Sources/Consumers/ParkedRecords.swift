import Core
import EventLog
import Store

/// The rows of the parked records of one group's partition.
struct ParkedRecords: Sendable {
    /// More make the partition wait.
    static let mostOfAPartition = 10_000

    let group: String
    let topic: String
    let partition: Int

    /// Two statements; the second has a row `log_offset, frame, attempts, due_at` for each.
    var load: [SQL] {
        [
            "UPDATE parked_records SET is_new = false WHERE \(isHere) AND is_new",
            """
            SELECT log_offset, frame, attempts, (extract(epoch FROM due_at) * 1000)::bigint AS due_at
            FROM parked_records WHERE \(isHere) ORDER BY log_offset LIMIT \(2 * Self.mostOfAPartition)
            """,
        ]
    }

    /// Rows of these, all columns.
    func select(_ offsets: [Int64]) -> SQL {
        """
        SELECT log_offset, frame, value, attempts, (extract(epoch FROM failed_at) * 1000)::bigint AS failed_at
        FROM parked_records WHERE \(isHere) AND log_offset = ANY (\(offsets)::bigint[]) ORDER BY log_offset
        """
    }

    func delete(_ offsets: [Int64]) -> SQL {
        "DELETE FROM parked_records WHERE \(isHere) AND log_offset = ANY (\(offsets)::bigint[])"
    }

    /// - Parameter failures: parked ones.
    func insert(_ failures: [(failure: Failure, until: Int64)]) -> SQL {
        """
        INSERT INTO parked_records (
            consumer_group, topic, partition, log_offset, frame, value, attempts, due_at, failed_at, reason)
        SELECT \(group), \(topic), \(partition)::int, r.log_offset, r.frame, r.value, r.attempts,
            to_timestamp(r.due_at / 1000.0), to_timestamp(r.failed_at / 1000.0), r.reason
        FROM unnest(
            \(failures.map(\.failure.record.offset))::bigint[], \(failures.map { RawRecord($0.failure.record).bytes })::bytea[],
            \(failures.map(\.failure.record.value))::bytea[], \(failures.map(\.failure.attempts))::int[],
            \(failures.map(\.until))::bigint[], \(failures.map(\.failure.failedAt))::bigint[],
            \(failures.map(\.failure.reason))::text[]
        ) r (log_offset, frame, value, attempts, due_at, failed_at, reason)
        ON CONFLICT (consumer_group, topic, partition, log_offset) DO UPDATE
            SET attempts = excluded.attempts, due_at = excluded.due_at, reason = excluded.reason
        """
    }

    private var isHere: SQL { "consumer_group = \(group) AND topic = \(topic) AND partition = \(partition)" }
}
