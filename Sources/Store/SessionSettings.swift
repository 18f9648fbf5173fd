/// What a connection sets before its first use: nothing that Martlet relies on is left to the defaults of a role, a
/// database or a connection string. Set by `set_config`, for poolers such as PgBouncer refuse the startup parameter
/// `options`. `search_path` stays the user's: it says where the tables are.
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
        var statements: [SQL] = ["SET statement_timeout = 0", settings]
        if serverVersion >= 140_000 { statements.append("SELECT set_config('idle_session_timeout', '0', false)") }
        if serverVersion >= 170_000 { statements.append("SELECT set_config('transaction_timeout', '0', false)") }
        statements.append("SELECT set_config('statement_timeout', \(String(statementTimeout))::text, false)")
        return statements
    }

    private var settings: SQL {
        // Just-in-time compilation goes by estimated costs, which long conditions drive up: seconds for a statement of milliseconds.
        """
        SELECT set_config('client_encoding', 'UTF8', false), set_config('bytea_output', 'hex', false),
            set_config('DateStyle', 'ISO, MDY', false), set_config('IntervalStyle', 'postgres', false),
            set_config('TimeZone', 'UTC', false), set_config('extra_float_digits', '1', false),
            set_config('standard_conforming_strings', 'on', false),
            set_config('transform_null_equals', 'off', false), set_config('array_nulls', 'on', false),
            set_config('row_security', 'on', false), set_config('jit', 'off', false),
            set_config('default_transaction_isolation', 'read committed', false),
            set_config('default_transaction_read_only', 'off', false),
            set_config('default_transaction_deferrable', 'off', false),
            set_config('synchronous_commit', CASE WHEN NOT \(commitsAreDurable)::bool THEN 'off'
                WHEN current_setting('synchronous_commit') = 'off' THEN 'on'
                ELSE current_setting('synchronous_commit') END, false),
            set_config('lock_timeout', '0', false),
            set_config('idle_in_transaction_session_timeout', \(String(idleInTransactionTimeout))::text, false)
        """
    }
}
