public struct DatabaseOptions: Sendable {
    /// What connections are called in the server, unless the connection string names them. Those of versions that do not
    /// write down which formats they read are called `martlet`.
    public static let applicationName = "martlet/1"

    /// A libpq connection string or URI.
    public var connectionInfo: String
    public var connections: Int
    /// A pooler is in between that gives each transaction another session, as PgBouncer does in transaction mode: nothing is
    /// kept in a session, neither prepared statements nor settings, and one batch at a time is under way on a connection.
    public var isPooled = false
    public var session = SessionSettings()
    /// How many batches may be under way on one connection.
    public var pipelineDepth = 8
    public var maxWaiting = 2000
    /// How long a query may wait for a connection.
    public var waitMilliseconds = 2500
    /// Of the pool, in metrics; `nil`: it lives too short for them.
    public var name: String? = "pg"
    /// How long the server may take for a batch before its connection is given up. More than its `statement_timeout`.
    public var answerMilliseconds = 35_000

    public init(connectionInfo: String, connections: Int) {
        self.connectionInfo = connectionInfo
        self.connections = connections
    }
}
