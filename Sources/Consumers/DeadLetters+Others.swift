public import EventLog
public import Store

/// What is no record of the log, but can be a dead letter as well: its group has a name of its own and reads nothing, and takes back
/// itself what is redriven.
extension DeadLetters {
    public struct Letter: Sendable {
        /// By which, with the group, it is known: a partition and an offset of no log.
        let partition: Int
        let number: Int64
        let key: String
        let value: [UInt8]
        let attempts: Int
        let failedAt: Int64
        let death: Outcome.Death

        /// - Parameters:
        ///   - partition: 31 bits, with the 63 bits of `number` its own and the same each time that it dies: one by another
        ///     name is another letter, one by the same name takes the place of the first.
        ///   - failedAt: milliseconds since 1970.
        public init(
            partition: Int, number: Int64, key: String, value: [UInt8], attempts: Int, failedAt: Int64,
            death: Outcome.Death
        ) {
            (self.partition, self.number, self.key, self.value) = (partition, number, key, value)
            (self.attempts, self.failedAt, self.death) = (attempts, failedAt, death)
        }
    }

    /// Into the topic, and then into the table. May be repeated.
    /// - Parameter now: milliseconds since 1970.
    public func bury(_ letters: [Letter], group: String, on log: any EventLog, now: Int64) async throws {
        guard !letters.isEmpty else { return }
        let entries = letters.map { letter -> DeadLetterRows.Entry in
            let record = LogRecord(
                topic: group, partition: letter.partition, offset: letter.number, key: letter.key, value: letter.value,
                headers: [:])
            return (
                Failure(
                    record: record, attempts: letter.attempts, failedAt: letter.failedAt,
                    reason: Failure.words(letter.death.error), end: .dead(letter.death)), letter.death
            )
        }
        try await log.append(entries.map { DeadLetterRows.record($0, group: group, at: now) })
        try await database.query(DeadLetterRows.insert(entries, group: group, at: now))
    }

    /// Takes some that were redriven. Of several that ask at once each gets others.
    /// - Parameters:
    ///   - group: its name.
    ///   - bring: makes them wait again, by their values, in the transaction in which they go from here.
    /// - Returns: how many; `limit`: there may be more.
    public func takeRedriven(
        of group: String, limit: Int, bring: @Sendable (Transaction, [[UInt8]]) async throws -> Void
    ) async throws -> Int {
        try await database.transaction { transaction in
            let values = try await transaction.query(
                """
                DELETE FROM parked_records p USING (
                    SELECT topic, partition, log_offset FROM parked_records WHERE consumer_group = \(group) AND is_new
                    ORDER BY topic, partition, log_offset LIMIT \(limit) FOR UPDATE SKIP LOCKED) r
                WHERE p.consumer_group = \(group) AND p.topic = r.topic AND p.partition = r.partition
                    AND p.log_offset = r.log_offset
                RETURNING p.value
                """
            ).map { try $0.bytes("value") }
            if !values.isEmpty { try await bring(transaction, values) }
            return values.count
        }
    }
}
