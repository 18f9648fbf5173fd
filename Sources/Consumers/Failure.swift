import EventLog

/// A record that a group could not handle, on its way to where it waits.
struct Failure: Sendable {
    let record: LogRecord
    let attempts: Int
    /// Milliseconds since 1970: the first time.
    let failedAt: Int64
    /// For people.
    let reason: String
    let end: End

    enum End: Sendable {
        /// Milliseconds since 1970.
        case parked(until: Int64)
        case dead(Outcome.Death)
    }

    /// What goes into rows and headers of it at most.
    static func words(_ error: String) -> String {
        // NUL is no text to PostgreSQL.
        String(decoding: Array(error.utf8.prefix(1000)).filter { $0 != 0 }, as: UTF8.self)
    }
}
