/// What a connection sets before its first use, or, behind a pooler, each transaction for itself: nothing that Martlet relies
/// on is left to the defaults of a role, a database or a connection string. Set by `set_config`, for poolers such as
/// PgBouncer refuse the startup parameter `options`. `search_path` stays the user's: it says where the tables are.
public struct SessionSettings: Sendable {
    /// Milliseconds; 0: no limit.
    public var statementTimeout = 15_000
    /// Milliseconds that a transaction may be idle; 0: no limit.
    public var idleInTransactionTimeout = 0
    /// False: a commit does not wait for the disk. True: it does, in the way that the database is set up for (`on`,
    /// `local`, `remote_apply`, …), and only `off` is not taken.
    public var commitsAreDurable = true

    public init() {}

    /// - Parameter serverVersion: as `PQserverVersion` tells it.
    func statements(serverVersion: Int32) -> [SQL] {
        // First and without a look into the catalogs: the limit found may be too short for the rest.
        var statements: [SQL] = ["SET statement_timeout = 0", "SELECT \(settings(isLocal: false)), \(Self.ofSessions)"]
        if serverVersion >= 140_000 { statements.append("SELECT set_config('idle_session_timeout', '0', false)") }
        if serverVersion >= 170_000 { statements.append("SELECT set_config('transaction_timeout', '0', false)") }
        statements.append("SELECT \(limit(isLocal: false))")
        return statements
    }

    /// The first statement of a transaction behind a pooler, for that transaction alone.
    func ofTransaction(serverVersion: Int32) -> SQL {
        let (settings, limit) = (settings(isLocal: true), limit(isLocal: true))
        guard serverVersion >= 170_000 else { return "SELECT \(settings), \(limit)" }
        return "SELECT \(settings), set_config('transaction_timeout', '0', true), \(limit)"
    }

    /// What can't be set once a transaction has begun, so must be so by itself: a pooler's sessions are others'.
    static let unlike: SQL = """
        SELECT name || ' is ' || setting AS problem FROM pg_settings
        WHERE name = 'default_transaction_isolation' AND setting <> 'read committed'
            OR name = 'default_transaction_read_only' AND setting <> 'off'
        """

    private static let ofSessions: SQL = """
        set_config('default_transaction_isolation', 'read committed', false),
        set_config('default_transaction_read_only', 'off', false),
        set_config('default_transaction_deferrable', 'off', false)
        """

    private func limit(isLocal: Bool) -> SQL {
        "set_config('statement_timeout', \(String(statementTimeout))::text, \(isLocal)::bool)"
    }

    private func settings(isLocal: Bool) -> SQL {
        let isLocal = SQL.parameter(isLocal)
        // Just-in-time compilation goes by estimated costs, which long conditions drive up: seconds for a statement of milliseconds.
        return """
            set_config('client_encoding', 'UTF8', \(isLocal)::bool), set_config('bytea_output', 'hex', \(isLocal)),
            set_config('DateStyle', 'ISO, MDY', \(isLocal)), set_config('IntervalStyle', 'postgres', \(isLocal)),
            set_config('TimeZone', 'UTC', \(isLocal)), set_config('extra_float_digits', '1', \(isLocal)),
            set_config('standard_conforming_strings', 'on', \(isLocal)),
            set_config('transform_null_equals', 'off', \(isLocal)), set_config('array_nulls', 'on', \(isLocal)),
            set_config('row_security', 'on', \(isLocal)), set_config('jit', 'off', \(isLocal)),
            set_config('synchronous_commit', CASE WHEN NOT \(commitsAreDurable)::bool THEN 'off'
                WHEN current_setting('synchronous_commit') = 'off' THEN 'on'
                ELSE current_setting('synchronous_commit') END, \(isLocal)),
            set_config('lock_timeout', '0', \(isLocal)),
            set_config('idle_in_transaction_session_timeout', \(String(idleInTransactionTimeout))::text, \(isLocal))
            """
    }
}
