import Core
public import EventLog
import Runtime
public import Store
import Synchronization

/// The event log in PostgreSQL, for one process: what a laptop or a small site runs without a broker. Records and
/// positions are rows (`Schema`); an append wakes the readers in the process directly.
///
/// Give it a pool of connections with `synchronous_commit = off`: a crash of PostgreSQL loses a short end of the log
/// and of the positions together, in the order of their commits, and what made the records (the outbox, the positions
/// of the readers before) comes back with it. So nothing is lost, and a hop does not wait for the disk.
///
/// **An offset is never given twice in the life of the process**, though PostgreSQL forgets that it was: whoever has read the
/// record that is lost goes on behind its offset, and would pass over another one there.
public final class EmbeddedLog: EventLog {
    private static let pollMilliseconds: UInt64 = 500
    private let database: Database
    private let state = Mutex<State>(State())

    private struct State {
        var partitions: [String: Int] = [:]
        var produced: [String: Counter] = [:]
        var wakeups: [PartitionName: [Wakeup]] = [:]
        /// Offsets below these were given.
        var given: [PartitionName: Int64] = [:]
        var ticker: Task<Void, Never>?
        var closed = false
    }

    public init(database: Database) {
        self.database = database
        let ticker = Task { [weak self] in
            var turn = 0
            while !Task.isCancelled {
                try? await Task.sleep(nanoseconds: Self.pollMilliseconds * 1_000_000)
                self?.wakeAll()
                turn += 1
                if turn % 120 == 0 { await self?.removeOld() }
            }
        }
        state.withLock { $0.ticker = ticker }
    }

    /// In its pool's own time.
    public func reach(milliseconds: Int) async throws { try await database.query("SELECT 1") }

    public func createTopics(_ topics: [Topic]) async throws {
        try await database.batch(
            topics.map {
                Self.partitions(of: $0, where: "NOT EXISTS (SELECT FROM log_partitions WHERE topic = \($0.name))")
            })
        try await loadTopics()
    }

    public func grow(_ topics: [Topic]) async throws {
        try await database.batch(
            topics.map {
                Self.partitions(of: $0, where: "EXISTS (SELECT FROM log_partitions WHERE topic = \($0.name))")
            })
        try await loadTopics()
    }

    private static func partitions(of topic: Topic, where condition: SQL) -> SQL {
        """
        INSERT INTO log_partitions (topic, partition, retention_hours)
        SELECT \(topic.name), n, \(topic.retentionHours)::int FROM generate_series(0, \(topic.partitions)::int - 1) n
        WHERE \(condition) ON CONFLICT DO NOTHING
        """
    }

    /// A topic that was there already keeps its number of partitions.
    private func loadTopics() async throws {
        let rows = try await database.query("SELECT topic, count(*) AS partitions FROM log_partitions GROUP BY topic")
        try state.withLock { state in
            for row in rows { state.partitions[try row.text("topic")] = try row.int("partitions") }
        }
    }

    public func append(_ records: [NewRecord]) async throws {
        guard !records.isEmpty else { return }
        guard records.allSatisfy({ $0.raw == nil }) else {
            throw EventLogError("the log in PostgreSQL has keys and headers of text", isTemporary: false)
        }
        var groups: [PartitionName: [NewRecord]] = [:]
        for record in records {
            let count = try await partitions(of: record.topic)
            groups[PartitionName(topic: record.topic, partition: Self.partition(of: record.key, count)), default: []]
                .append(record)
        }
        // In one order for all who append, so that their row locks can't wait for each other in a circle.
        let ordered = groups.sorted { $0.key < $1.key }
        let given = state.withLock { $0.given }
        let results = try await database.batch(
            ordered.map { Self.insert($0.key, $0.value, from: given[$0.key] ?? 0) })
        for (rows, (name, _)) in zip(results, ordered) {
            if let last = try rows.map({ try $0.integer("log_offset") }).max() { give(name, below: last + 1) }
        }
        count(ordered)
        wake(ordered.map(\.key))
    }

    private func give(_ name: PartitionName, below offset: Int64) {
        state.withLock { $0.given[name] = max($0.given[name] ?? 0, offset) }
    }

    private func count(_ groups: [(key: PartitionName, value: [NewRecord])]) {
        state.withLock { state in
            for (name, records) in groups {
                let counter = state.produced[name.topic] ?? LogMetrics.produced(topic: name.topic)
                state.produced[name.topic] = counter
                counter.add(records.count)
            }
        }
    }

    /// - Parameter least: smaller offsets were given before.
    private static func insert(_ name: PartitionName, _ records: [NewRecord], from least: Int64) -> SQL {
        """
        WITH p AS (
            UPDATE log_partitions SET next = greatest(next, \(least)) + \(records.count)
            WHERE topic = \(name.topic) AND partition = \(name.partition)
            RETURNING topic, partition, next - \(records.count) AS base)
        INSERT INTO log_records (topic, partition, log_offset, key, value, headers)
        SELECT p.topic, p.partition, p.base + r.i - 1, r.key, r.value, r.headers
        FROM p, unnest(
            \(records.map(\.key))::text[], \(records.map(\.value))::bytea[],
            \(records.map { FlatJSON.encode($0.headers) })::jsonb[]) WITH ORDINALITY AS r (key, value, headers, i)
        RETURNING log_offset
        """
    }

    private func partitions(of topic: String) async throws -> Int {
        if let count = try known(topic) { return count }
        try await loadTopics()
        guard let count = try known(topic) else {
            throw EventLogError("there is no topic \(topic)", isTemporary: false)
        }
        return count
    }

    private func known(_ topic: String) throws(EventLogError) -> Int? {
        try state.withLock { state throws(EventLogError) in
            guard !state.closed else { throw EventLogError("the log is closed", isTemporary: false) }
            return state.partitions[topic]
        }
    }

    /// FNV-1a: the same partition for a key in every process and version.
    static func partition(of key: String, _ count: Int) -> Int {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in key.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        return Int((hash ^ hash >> 32) % UInt64(count))
    }

    public func subscribe(
        _ subscription: SubscriptionOptions, turn: TurnHandler?, handler: @escaping RecordHandler
    ) async throws -> any LogSubscription {
        var readers: [PartitionReader] = []
        for topic in subscription.topics {
            for partition in 0..<(try await partitions(of: topic)) {
                let name = PartitionName(topic: topic, partition: partition)
                let wakeup = Wakeup()
                state.withLock { $0.wakeups[name, default: []].append(wakeup) }
                readers.append(
                    PartitionReader(
                        database: database, subscription, name: name, wakeup: wakeup,
                        onRead: { [weak self] in self?.give(name, below: $0) }, turn: turn, handler: handler))
            }
        }
        return EmbeddedSubscription(readers: readers) { [weak self] in self?.forget($0) }
    }

    private func forget(_ readers: [PartitionReader]) {
        state.withLock { state in
            for reader in readers { state.wakeups[reader.name]?.removeAll { $0 === reader.wakeup } }
        }
    }

    private func wake(_ names: [PartitionName]) {
        for wakeup in state.withLock({ state in names.flatMap { state.wakeups[$0] ?? [] } }) { wakeup.signal() }
    }

    private func wakeAll() {
        for wakeup in state.withLock({ $0.wakeups.values.flatMap(\.self) }) { wakeup.signal() }
    }

    /// Removes what is older than its topic's retention and was read by every group.
    private func removeOld() async {
        do {
            try await database.query(
                """
                DELETE FROM log_records r USING log_partitions p
                WHERE r.topic = p.topic AND r.partition = p.partition AND p.retention_hours > 0
                AND r.created_at < now() - make_interval(hours => p.retention_hours)
                AND r.log_offset < COALESCE((
                    SELECT min(next) FROM log_positions g WHERE g.topic = r.topic AND g.partition = r.partition), p.next)
                """)
        } catch {
            Log.warning(.recordsNotRemoved, ["error": .text("\(error)")])
        }
    }

    public func backlog(of subscriptions: [SubscriptionOptions]) async throws -> LogBacklog {
        let readers = subscriptions.flatMap { subscription in subscription.topics.map { (subscription.group, $0) } }
        let rows = try await database.query(
            """
            SELECT COALESCE(sum(p.next - COALESCE(g.next, 0)), 0)::bigint AS records,
                COALESCE(extract(epoch FROM clock_timestamp() - min(r.created_at)) * 1000, 0)::bigint AS age
            FROM unnest(\(readers.map(\.0))::text[], \(readers.map(\.1))::text[]) AS s (reader, topic)
            JOIN log_partitions p ON p.topic = s.topic
            LEFT JOIN log_positions g
                ON g.consumer_group = s.reader AND g.topic = p.topic AND g.partition = p.partition
            LEFT JOIN log_records r
                ON r.topic = p.topic AND r.partition = p.partition AND r.log_offset = COALESCE(g.next, 0)
            """)
        return LogBacklog(records: try rows[0].int("records"), age: try rows[0].int("age"))
    }

    public func isRead(by subscriptions: [SubscriptionOptions], before time: Int64) async throws -> Bool {
        let readers = subscriptions.flatMap { subscription in subscription.topics.map { (subscription.group, $0) } }
        return try await database.query(
            """
            SELECT 1 FROM unnest(\(readers.map(\.0))::text[], \(readers.map(\.1))::text[]) AS s (reader, topic)
            JOIN log_partitions p ON p.topic = s.topic
            LEFT JOIN log_positions g
                ON g.consumer_group = s.reader AND g.topic = p.topic AND g.partition = p.partition
            CROSS JOIN LATERAL (
                SELECT created_at FROM log_records r
                WHERE r.topic = p.topic AND r.partition = p.partition AND r.log_offset >= COALESCE(g.next, 0)
                ORDER BY r.log_offset LIMIT 1) r
            WHERE r.created_at < to_timestamp(\(time)::bigint / 1000.0)
            """
        ).isEmpty
    }

    /// They are rows, and go with the database.
    public func missing(of topics: [Topic]) async throws -> [Topic] { [] }

    /// PostgreSQL loses none.
    public func takeLoss() -> UInt64? { nil }

    public func hasRecords(in topic: String, before time: Int64) async throws -> Bool {
        try await !database.query(
            """
            SELECT 1 FROM log_records WHERE topic = \(topic) AND created_at < to_timestamp(\(time)::bigint / 1000.0) LIMIT 1
            """
        ).isEmpty
    }

    public func close() async {
        state.withLock { state in
            state.closed = true
            state.ticker?.cancel()
        }
    }
}
