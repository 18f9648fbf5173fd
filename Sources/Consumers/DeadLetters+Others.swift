public import EventLog

/// What is no record of the log, but can be a dead letter as well: its group has a name of its own and reads nothing, and takes back
/// itself what is redriven.
extension DeadLetters {
    public struct Letter: Sendable {
        /// By which it is told apart from others of the group.
        let partition: Int
        let number: Int64
        let key: String
        let value: [UInt8]
        let attempts: Int
        let failedAt: Int64
        let death: Outcome.Death

        /// - Parameters:
        ///   - partition: with `number` the same each time that it dies.
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

    /// Values of some that were redriven.
    public func redriven(of group: String, limit: Int) async throws -> [(id: Int64, value: [UInt8])] {
        try await database.query(
            """
            SELECT log_offset, value FROM parked_records WHERE consumer_group = \(group) AND is_new
            ORDER BY log_offset LIMIT \(limit)
            """
        ).map { (try $0.integer("log_offset"), try $0.bytes("value")) }
    }

    /// They are waiting again, or gone.
    public func taken(_ ids: [Int64], of group: String) async throws {
        try await database.query(
            "DELETE FROM parked_records WHERE consumer_group = \(group) AND log_offset = ANY (\(ids)::bigint[])")
    }
}
