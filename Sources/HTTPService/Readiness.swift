/// Whether a process can do what its roles are for.
public struct Readiness: Sendable, Equatable {
    /// Without these it can't.
    public var missing: [String]
    /// Without these it does less.
    public var degraded: [String]

    public init(missing: [String] = [], degraded: [String] = []) {
        (self.missing, self.degraded) = (missing, degraded)
    }
}
