/// What PostgreSQL or the way to it said.
public struct PgError: Error, Sendable, CustomStringConvertible {
    /// The five characters of SQLSTATE; class 08 for a lost connection.
    public let sqlState: String
    public let message: String
    /// The constraint that was violated.
    public let constraint: String?

    public init(sqlState: String, message: String, constraint: String? = nil) {
        self.sqlState = sqlState
        self.message = message
        self.constraint = constraint
    }

    public var description: String { "\(message) (SQLSTATE \(sqlState))" }

    /// May the same call succeed in a moment? Lost or refused connections, a server that starts or stops, deadlocks,
    /// serialization failures, a full pool, a time-out, a log-in that is refused, which its operator will cure; an id that is taken, for the next attempt makes another one: a
    /// process that starts with a clock that was set back makes ids that it has made before.
    public var isTemporary: Bool {
        isTakenID || isRefusal || sqlState == "25P03" || ["08", "57", "53", "40"].contains { sqlState.hasPrefix($0) }
    }

    /// PostgreSQL has answered, and does not let us in: a wrong password, no such role or database; or we don't use what
    /// has answered. Waiting does not help.
    public var isRefusal: Bool { sqlState.hasPrefix("28") || sqlState == "3D000" || sqlState == "08004" }

    private var isTakenID: Bool { sqlState == "23505" && constraint?.hasSuffix("_pkey") == true }

    static func connectionLost(_ message: String) -> PgError {
        PgError(sqlState: "08006", message: message.isEmpty ? "the connection was lost" : message)
    }

    /// The server has answered, and libpq goes no further.
    static func unusable(_ message: String) -> PgError { PgError(sqlState: "08004", message: message) }

    /// Whether libpq says of a connection that it can't be made with these settings: of TLS. The words are those of libpq and
    /// OpenSSL, in English as this program's locale is.
    static func isLasting(_ text: String) -> Bool {
        text.contains("certificate") || text.contains("server does not support SSL")
    }

    static func invalidParameter(_ what: String) -> PgError {
        PgError(sqlState: "22021", message: what)
    }

    /// What the server sent is not what the statement promises.
    public static func unreadable(_ what: String) -> PgError {
        PgError(sqlState: "XX001", message: "an unreadable answer: \(what)")
    }

    static let poolFull = PgError(sqlState: "53300", message: "too many queries wait for a connection")
    static let waitedTooLong = PgError(sqlState: "57014", message: "no connection became free in time")
    static let closed = PgError(sqlState: "08003", message: "the pool is closed")

    /// What the server said when it refused a connection: `FATAL:  28P01: password authentication failed …`, the first
    /// word in its language. `nil` for what did not come from a server.
    init?(connectionFailure text: String) {
        guard let line = text.split(separator: "\n").first(where: { $0.contains(":  ") }),
            let start = line.firstRange(of: ":  ")?.upperBound
        else { return nil }
        let state = line[start...].prefix { $0 != ":" }
        guard state.utf8.count == 5, state.utf8.allSatisfy({ (48...57).contains($0) || (65...90).contains($0) }) else {
            return nil
        }
        self.init(sqlState: String(state), message: String(line[start...].dropFirst(7)))
    }
}
