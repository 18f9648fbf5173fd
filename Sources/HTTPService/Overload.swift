import Core
import RedisLink
import Runtime
import Store

/// Which failures below are a busy or absent neighbour, not a bug.
public enum Overload {
    /// 503 for what may pass; `nil` for the rest.
    public static func problem(for error: any Error) -> Problem? {
        switch error {
        case let error as PgError where error.isTemporary:
            Problem(.overloaded, "the database does not answer in time: try again", retryAfter: 1)
        case is RedisError: Problem(.overloaded, "the cache does not answer in time: try again", retryAfter: 1)
        case is IDsUnavailable:
            Problem(.overloaded, "no ids can be made for the moment: try again", retryAfter: 1)
        case is BlockingPool.Full: Problem(.overloaded, "too many log-ins at once: try again", retryAfter: 2)
        default: nil
        }
    }
}
