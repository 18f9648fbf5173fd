public import Push

/// What became of what was to be sent.
public enum PushResult: Sendable, Equatable {
    /// An attempt was made.
    case attempted(PushVerdict)
    /// Nothing was sent, and no attempt is to be counted: a circuit is open.
    /// - Parameters:
    ///   - wait: milliseconds.
    ///   - by: whose circuit.
    case held(wait: Int64, by: CircuitKey)
    /// Nothing was sent: too much waits already, or it has waited for too long. Come again later.
    case full
    /// Nothing was sent: the address or a header can't be, whoever tries.
    case invalid(String)
    /// Nothing was sent: the sender has ended.
    case ended
}
