public import Store

/// Keeps everybody from moving events out of the outbox, while they are written into it as ever. Its session has the lock that a
/// relay takes for each move, so it ends with the process that has it.
public struct OutboxStop: Sendable {
    private let database: Database

    /// - Parameter database: of one connection, which is nobody else's and goes through no pooler.
    public init(database: Database) {
        self.database = database
    }

    /// - Returns: false: a relay is moving something; try again.
    public func take() async throws -> Bool {
        try await database.query("SELECT pg_try_advisory_lock(\(OutboxReader.lock)) AS is_mine")[0].bool("is_mine")
    }

    /// Whether it has held since `take`: a connection that was made anew has no lock.
    public func holds() async throws -> Bool {
        try await database.query(
            """
            SELECT EXISTS (
                SELECT FROM pg_locks WHERE pid = pg_backend_pid() AND locktype = 'advisory' AND classid = 0
                    AND objid = (\(OutboxReader.lock))::oid AND granted) AS holds
            """)[0].bool("holds")
    }
}
