/// How an operation is admitted when much is asked for.
public enum Lane: Sendable, Equatable {
    /// Always, and before others: the operator's questions are answered when nothing else is.
    case free
    case read
    /// - Parameter makesEvents: work for the fan-out, so it is refused when that is behind.
    case write(makesEvents: Bool)
    /// What burns time for a password.
    case auth
}
