import Core
public import Store

/// The dead letters of all groups: what there is, and what becomes of it.
public struct DeadLetters: Sendable {
    /// Of the log, where each comes, too.
    public static let topic = DeadLetterRows.topic
    /// For how long they are kept, in hours.
    public static let keptHours = 336
    /// A letter that has died so often again is not redriven without a word.
    public static let mostRedrives = 3
    /// Letters that go at once when they are old.
    public static let mostTrimmed = 1_000
    /// Letters that a group may have under way again at most, before more follow.
    private static let mostParked = ParkedRecords.mostOfAPartition / 2
    public let database: Database

    public init(database: Database) {
        self.database = database
    }

    /// Newest first, without their values.
    /// - Parameter id: only below it.
    public func list(_ filter: DeadLetterFilter, below id: Int64 = .max, limit: Int) async throws -> [DeadLetter] {
        try await database.query(
            """
            SELECT \(DeadLetter.columns) FROM dead_letters d WHERE \(filter.condition) AND d.id < \(id)
            ORDER BY d.id DESC LIMIT \(limit)
            """
        ).map(DeadLetter.init)
    }

    /// Also one that was redriven.
    public func letter(_ id: Int64) async throws -> (letter: DeadLetter, value: [UInt8])? {
        try await database.query("SELECT \(DeadLetter.columns), value FROM dead_letters d WHERE d.id = \(id)").first.map
        {
            (try DeadLetter($0), try $0.bytes("value"))
        }
    }

    public struct Sum: Sendable {
        public let group: String
        public let reason: String
        public let provider: String?
        public let count: Int
        /// Milliseconds since 1970: when the first of them died.
        public let oldest: Int64
    }

    public func sums(_ filter: DeadLetterFilter = DeadLetterFilter()) async throws -> [Sum] {
        try await database.query(
            """
            SELECT d.consumer_group, d.reason, d.provider, count(*) AS count,
                (extract(epoch FROM min(d.died_at)) * 1000)::bigint AS oldest
            FROM dead_letters d WHERE \(filter.condition) GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
            """
        ).map {
            Sum(
                group: try $0.text("consumer_group"), reason: try $0.text("reason"),
                provider: try $0.optionalText("provider"), count: try $0.int("count"),
                oldest: try $0.integer("oldest"))
        }
    }

    /// How many records of each group are parked.
    public func parked() async throws -> [String: Int] {
        let rows = try await database.query(
            "SELECT consumer_group, count(*) AS count FROM parked_records GROUP BY consumer_group")
        return Dictionary(
            uniqueKeysWithValues: try rows.map { (try $0.text("consumer_group"), try $0.int("count")) })
    }

    /// Removes some for good; a statement.
    /// - Returns: a row `id` for each that is gone.
    public static func purge(_ filter: DeadLetterFilter, limit: Int) -> SQL {
        """
        DELETE FROM dead_letters WHERE id IN (
            SELECT d.id FROM dead_letters d WHERE \(filter.condition) ORDER BY d.id LIMIT \(limit)
            FOR UPDATE SKIP LOCKED)
        RETURNING id
        """
    }

    /// Removes what is kept for long enough, some at a time; also what was redriven, for a month is longer than any retry.
    /// - Returns: how many letters; `mostTrimmed`: there may be more.
    public func trim(now: Int64) async throws -> Int {
        let oldest = now - Int64(Self.keptHours) * 3_600_000
        return try await database.batch([
            """
            DELETE FROM dead_letters WHERE id IN (
                SELECT id FROM dead_letters WHERE died_at < to_timestamp(\(oldest)::bigint / 1000.0)
                ORDER BY died_at LIMIT \(Self.mostTrimmed) FOR UPDATE SKIP LOCKED)
            """,
            "DELETE FROM redrives WHERE done_at < to_timestamp(\(oldest)::bigint / 1000.0)",
        ])[0].affected
    }

    // MARK: Redrives

    /// What is to be redriven, from now on; `step` does it.
    /// - Parameters:
    ///   - filter: letters that die from now on are none of it.
    ///   - rate: letters a second.
    ///   - mostRedrives: of one letter.
    /// - Returns: a statement; a row `id`.
    public static func begin(
        _ filter: DeadLetterFilter, rate: Int, mostRedrives: Int = Self.mostRedrives, now: Int64
    ) -> SQL {
        """
        INSERT INTO redrives (consumer_group, reason, provider, ids, died_after, died_before, most_redrives, rate)
        VALUES (
            \(filter.group), \(filter.reason), \(filter.provider), \(filter.ids)::bigint[],
            to_timestamp(\(filter.after ?? 0)::bigint / 1000.0),
            to_timestamp(\(min(filter.before ?? now, now))::bigint / 1000.0), \(mostRedrives)::int, \(rate)::int)
        RETURNING id
        """
    }

    /// How many it would take, and how many have been redriven too often.
    public func matching(
        _ filter: DeadLetterFilter, mostRedrives: Int = Self.mostRedrives
    ) async throws -> (matching: Int, tooOften: Int) {
        let row = try await database.query(
            """
            SELECT count(*) FILTER (WHERE d.redrives < \(mostRedrives)::int) AS matching,
                count(*) FILTER (WHERE d.redrives >= \(mostRedrives)::int) AS too_often
            FROM dead_letters d WHERE \(filter.condition)
            """)[0]
        return (try row.int("matching"), try row.int("too_often"))
    }

    public struct Progress: Sendable {
        public let moved: Int
        public let isDone: Bool
    }

    public func progress(of redrive: Int64) async throws -> Progress? {
        try await database.query("SELECT moved, done_at IS NOT NULL AS is_done FROM redrives WHERE id = \(redrive)")
            .first
            .map { Progress(moved: try $0.int("moved"), isDone: try $0.bool("is_done")) }
    }

    /// What one second of one redrive may move; several processes may call it. A letter, its parking and how far the redrive is
    /// change together, so it goes on where it has ended, however it has ended.
    /// - Returns: whether there was one to go on with.
    public func step() async throws -> Bool {
        try await database.transaction { transaction in
            let rows = try await transaction.query(
                """
                SELECT id, rate FROM redrives WHERE done_at IS NULL AND next_at <= clock_timestamp()
                ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED
                """)
            guard let redrive = rows.first else { return false }
            let id = try redrive.integer("id")
            let moved = try await transaction.query(Self.move(id, limit: try redrive.int("rate"))).count
            let left = try await transaction.query(
                "SELECT EXISTS (\(Self.chosen(id, limit: 1))) AS is_left")[0].bool("is_left")
            try await transaction.query(
                """
                UPDATE redrives SET moved = moved + \(moved), next_at = clock_timestamp() + interval '1 second',
                    done_at = CASE WHEN \(!left) THEN clock_timestamp() END
                WHERE id = \(id)
                """)
            return true
        }
    }

    private static func chosen(_ redrive: Int64, limit: Int) -> SQL {
        """
        SELECT d.id FROM dead_letters d JOIN redrives r ON r.id = \(redrive)
        WHERE d.redriven_at IS NULL AND d.redrives < r.most_redrives
            AND d.died_at >= r.died_after AND d.died_at < r.died_before
            AND (r.consumer_group IS NULL OR d.consumer_group = r.consumer_group)
            AND (r.reason IS NULL OR d.reason = r.reason) AND (r.provider IS NULL OR d.provider = r.provider)
            AND (r.ids IS NULL OR d.id = ANY (r.ids))
        ORDER BY d.id LIMIT \(limit)
        """
    }

    /// A row for each that goes.
    private static func move(_ redrive: Int64, limit: Int) -> SQL {
        """
        WITH room AS (
            SELECT g.consumer_group FROM (SELECT DISTINCT consumer_group FROM dead_letters WHERE redriven_at IS NULL) g
            WHERE (SELECT count(*) FROM parked_records p WHERE p.consumer_group = g.consumer_group) < \(Self.mostParked)),
        moved AS (
            UPDATE dead_letters d SET redriven_at = clock_timestamp(), redrives = d.redrives + 1
            WHERE d.id IN (\(chosen(redrive, limit: limit)))
                AND d.consumer_group IN (SELECT consumer_group FROM room)
            RETURNING d.*)
        INSERT INTO parked_records (
            consumer_group, topic, partition, log_offset, frame, value, attempts, due_at, failed_at, reason, is_new)
        SELECT consumer_group, topic, partition, log_offset, frame, value, 0, clock_timestamp(), failed_at, 'redriven',
            true
        FROM moved
        ON CONFLICT (consumer_group, topic, partition, log_offset) DO UPDATE SET is_new = true
        RETURNING log_offset
        """
    }
}
