/// How an operation is admitted when much is asked for.
public enum Lane: Sendable, Equatable {
    /// Always, and before others: the operator's questions are answered when nothing else is.
    case free
    case read
    /// - Parameter makesEvents: work for the fan-out, so it is refused when that is behind.
    case write(makesEvents: Bool)
    /// What burns time for a password.
    case auth
    /// What waits for somebody else's server. How much of it there may be, its operation limits by itself: its time says
    /// nothing of ours.
    case outside
}
