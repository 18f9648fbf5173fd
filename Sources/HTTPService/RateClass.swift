/// Which limit counts the requests of an operation.
public enum RateClass: String, Sendable, CaseIterable {
    case free, read, write, auth
}
