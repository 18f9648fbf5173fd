import Core
import EventLog
import Store

/// What a member of a group does with one partition, one call at a time: hands records to the group's handler, parks what has to
/// come again, buries what can't be done.
///
/// All is written before a call returns, and a position is stored behind it: a process that dies on the way repeats what it did
/// not get to the end of, and nothing is lost.
struct PartitionWork {
    /// Parked records that are handled together.
    private static let batch = 100
    let group: GroupParts
    let rows: ParkedRecords
    private var index = ParkedIndex()
    /// Others have written rows, or nobody knows whether a call has.
    var isStale = true

    init(_ group: GroupParts, topic: String, partition: Int) {
        self.group = group
        rows = ParkedRecords(group: group.name, topic: topic, partition: partition)
    }

    private mutating func loadIfStale() async throws {
        if isStale { try await load() }
    }

    private mutating func load() async throws {
        var index = ParkedIndex()
        let results = try await group.database.batch(rows.load)
        for row in results[1] {
            guard let frame = RawRecord(bytes: try row.bytes("frame")) else { continue }
            index.put(
                ParkedIndex.Entry(
                    offset: try row.integer("log_offset"), dueAt: try row.integer("due_at"),
                    attempts: try row.int("attempts")),
                key: String(decoding: frame.key ?? [], as: UTF8.self))
        }
        (self.index, isStale) = (index, false)
    }

    // MARK: What comes

    /// - Returns: whether some are parked now, so that it wants a turn.
    mutating func handle(_ records: [LogRecord]) async throws -> Bool {
        try await loadIfStale()
        let now = group.clock.milliseconds()
        // A process that died behind the parking gets the same again.
        let new = records.filter { index.entry($0.offset, of: $0.key) == nil }
        let free = new.filter { !index.contains($0.key) }
        let outcomes = free.isEmpty ? .done : try await run(free, group.policy)
        let failures = new.compactMap { record in
            index.contains(record.key) ? behind(record) : failure(record, outcomes[record], since: now)
        }
        try await settle([], failures)
        return failures.contains { if case .parked = $0.end { true } else { false } }
    }

    /// It is due as soon as it is the first of its key.
    private func behind(_ record: LogRecord) -> Failure {
        let now = group.clock.milliseconds()
        return Failure(
            record: record, attempts: record.attempts, failedAt: now, reason: "behind another of its key",
            end: .parked(until: now))
    }

    // MARK: What is due

    /// - Returns: milliseconds until more is due; `nil`: nothing is parked.
    mutating func takeDue() async throws -> Int? {
        try await loadIfStale()
        let offsets = index.due(now: group.clock.milliseconds(), limit: Self.batch)
        if !offsets.isEmpty { try await retry(offsets) }
        return index.next.map { Int(max(0, $0 - group.clock.milliseconds())) }
    }

    private mutating func retry(_ offsets: [Int64]) async throws {
        var failedAt: [Int64: Int64] = [:]
        let records = try await group.database.query(rows.select(offsets)).compactMap { row -> LogRecord? in
            let offset = try row.integer("log_offset")
            failedAt[offset] = try row.integer("failed_at")
            return RawRecord(bytes: try row.bytes("frame"))?.record(
                topic: rows.topic, partition: rows.partition, offset: offset, value: try row.bytes("value"),
                attempts: try row.int("attempts"))
        }
        // Somebody has taken the rows away by hand.
        guard records.count == offsets.count else { return try await load() }
        let now = group.clock.milliseconds()
        let outcomes = try await run(records, .park(group.schedule))
        let failures = records.compactMap { failure($0, outcomes[$0], since: failedAt[$0.offset] ?? now) }
        let failed = Set(failures.map(\.record.offset))
        try await settle(records.filter { !failed.contains($0.offset) }, failures)
    }

    // MARK: Both

    /// What becomes of each; throws where all have to wait.
    /// - Parameter policy: what is parked already holds nothing up.
    private func run(_ records: [LogRecord], _ policy: FailurePolicy) async throws -> Outcomes {
        do {
            return try await group.handler(records)
        } catch {
            guard case .park = policy, !FailurePolicy.isOutage(error) else { throw error }
            return try await runApart(records, error, policy)
        }
    }

    /// One by one, to find those that fail. Where one does, those behind it with its key are not tried.
    private func runApart(_ records: [LogRecord], _ error: any Error, _ policy: FailurePolicy) async throws -> Outcomes
    {
        var outcomes = Outcomes()
        guard records.count > 1 else {
            outcomes[records[0]] = .again(Outcome.Again("\(error)"))
            return outcomes
        }
        var waiting: Set<String> = []
        for record in records {
            if waiting.contains(record.key) {
                outcomes[record] = .again(Outcome.Again("behind another of its key", notBefore: 0, isAttempt: false))
            } else {
                outcomes.merge(try await run([record], policy))
                if outcomes[record].isAgain { waiting.insert(record.key) }
            }
        }
        return outcomes
    }

    /// - Parameter failedAt: when it has failed first, if it has.
    private func failure(_ record: LogRecord, _ outcome: Outcome, since failedAt: Int64) -> Failure? {
        let now = group.clock.milliseconds()
        switch outcome {
        case .done: return nil
        case .dead(let death):
            return Failure(
                record: record, attempts: record.attempts + 1, failedAt: failedAt, reason: Failure.words(death.error),
                end: .dead(death))
        case .again(let again):
            let attempts = record.attempts + (again.isAttempt ? 1 : 0)
            let delay = group.schedule.delay(after: max(1, attempts), spread: .random(in: 0...1))
            let reason = Failure.words(again.reason)
            guard let delay else {
                return Failure(
                    record: record, attempts: attempts, failedAt: failedAt, reason: reason,
                    end: .dead(Outcome.Death(.exhausted, reason)))
            }
            // What was no attempt has a time of its own, or comes as soon as what has failed once.
            let until = again.isAttempt ? max(now + delay, again.notBefore ?? 0) : again.notBefore ?? now + delay
            return Failure(
                record: record, attempts: attempts, failedAt: failedAt, reason: reason, end: .parked(until: until))
        }
    }

    /// Writes what has become of them.
    private mutating func settle(_ done: [LogRecord], _ failures: [Failure]) async throws {
        guard !done.isEmpty || !failures.isEmpty else { return }
        var parked: [(failure: Failure, until: Int64)] = []
        var dead: [DeadLetterRows.Entry] = []
        for failure in failures {
            switch failure.end {
            case .parked(let until): parked.append((failure, until))
            case .dead(let death): dead.append((failure, death))
            }
        }
        let more = parked.count { index.entry($0.failure.record.offset, of: $0.failure.record.key) == nil }
        guard more == 0 || index.count + more <= ParkedRecords.mostOfAPartition else { throw TooManyParked() }
        let now = group.clock.milliseconds()
        if !dead.isEmpty {
            try await group.log.append(dead.map { DeadLetterRows.record($0, group: group.name, at: now) })
        }
        let gone = done.map(\.offset) + dead.map(\.failure.record.offset)
        var statements: [SQL] = []
        if !parked.isEmpty { statements.append(rows.insert(parked)) }
        if !dead.isEmpty { statements.append(DeadLetterRows.insert(dead, group: group.name, at: now)) }
        if index.count > 0, !gone.isEmpty { statements.append(rows.delete(gone)) }
        try await group.database.batch(statements)
        for record in done + dead.map(\.failure.record) { index.remove(record.offset, key: record.key) }
        for (failure, until) in parked {
            index.put(
                ParkedIndex.Entry(offset: failure.record.offset, dueAt: until, attempts: failure.attempts),
                key: failure.record.key)
        }
        group.metrics.settled(parked.map(\.failure), dead)
    }
}

extension Outcome {
    var isAgain: Bool { if case .again = self { true } else { false } }
}
