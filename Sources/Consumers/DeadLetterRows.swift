import EventLog
import Store

/// Writing of dead letters: rows, and records of the topic `dead.letters`.
enum DeadLetterRows {
    static let topic = "dead.letters"

    typealias Entry = (failure: Failure, death: Outcome.Death)

    /// A letter that died again is waiting again.
    static func insert(_ failures: [Entry], group: String, at now: Int64) -> SQL {
        """
        INSERT INTO dead_letters (
            consumer_group, topic, partition, log_offset, frame, value, attempts, failed_at, died_at, reason,
            error, provider)
        SELECT \(group), r.topic, r.partition, r.log_offset, r.frame, r.value, r.attempts,
            to_timestamp(r.failed_at / 1000.0), to_timestamp(\(now)::bigint / 1000.0), r.reason, r.error,
            NULLIF(r.provider, '')
        FROM unnest(
            \(failures.map(\.failure.record.topic))::text[], \(failures.map(\.failure.record.partition))::int[],
            \(failures.map(\.failure.record.offset))::bigint[], \(failures.map { RawRecord($0.failure.record).bytes })::bytea[],
            \(failures.map(\.failure.record.value))::bytea[], \(failures.map(\.failure.attempts))::int[],
            \(failures.map(\.failure.failedAt))::bigint[], \(failures.map(\.death.reason.rawValue))::text[],
            \(failures.map(\.failure.reason))::text[], \(failures.map { $0.death.provider ?? "" })::text[]
        ) r (topic, partition, log_offset, frame, value, attempts, failed_at, reason, error, provider)
        ON CONFLICT (consumer_group, topic, partition, log_offset) DO UPDATE
            SET attempts = excluded.attempts, died_at = excluded.died_at, reason = excluded.reason,
                error = excluded.error, provider = excluded.provider, redriven_at = NULL
        """
    }

    /// The record as it was, with its history in headers of its own.
    static func record(_ entry: Entry, group: String, at now: Int64) -> NewRecord {
        let (failure, record) = (entry.failure, entry.failure.record)
        var history = [
            "dead-group": group, "dead-topic": record.topic, "dead-partition": "\(record.partition)",
            "dead-offset": "\(record.offset)", "dead-reason": entry.death.reason.rawValue,
            "dead-error": failure.reason, "dead-attempts": "\(failure.attempts)",
            "dead-first-failure": "\(failure.failedAt)", "dead-at": "\(now)",
        ]
        history["dead-provider"] = entry.death.provider
        return NewRecord(
            topic: topic, key: record.key, value: record.value,
            headers: record.raw == nil ? record.headers.merging(history) { $1 } : history, raw: record.raw)
    }
}
