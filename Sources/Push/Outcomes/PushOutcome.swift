/// What became of one attempt, and with it what is to be done: each case has one action. Waits are milliseconds.
public enum PushOutcome: Sendable, Equatable {
    /// The provider has it.
    case delivered
    /// The device is no more: it is removed and its end is told. No other attempt, no dead letter.
    /// - Parameter since: milliseconds since 1970, where the provider says; a device that was registered later is another
    ///   one by the same name, and stays.
    case deviceGone(since: Int64?)
    /// This message will never be taken: a dead letter after so many attempts. The device stays.
    case messageRefused(attempts: Int)
    /// A credential of ours is refused, which no device can be the reason of: its circuit opens, all that needs it waits, the
    /// operator is told. No attempt is counted, no device is removed.
    /// - Parameter renews: only a token has ended. Make another one and try again at once; if that is refused, too, the
    ///   circuit opens.
    case credentialRefused(renews: Bool)
    /// Refused, and the device may be why, as its user chose what it is: its own circuit opens, and another attempt follows by
    /// the schedule. Only where several users' devices are refused, and nothing is delivered between them, does the circuit of
    /// what they share open. No device is removed.
    case deviceRefused
    /// We are too fast: it waits so long, never less, and no attempt is counted; the limit shrinks.
    case throttled(wait: Int64)
    /// Another attempt, by the schedule.
    /// - Parameter wait: not before; where there is one.
    case temporary(wait: Int64?)
    /// Sent, but nobody knows whether it arrived: as `temporary`, and what is sent again may be a duplicate and says so.
    case ambiguous

    /// For headers, logs and figures.
    public var name: String {
        switch self {
        case .delivered: "delivered"
        case .deviceGone: "device_gone"
        case .messageRefused: "message_refused"
        case .credentialRefused: "credential_refused"
        case .deviceRefused: "device_refused"
        case .throttled: "throttled"
        case .temporary: "temporary"
        case .ambiguous: "ambiguous"
        }
    }

    /// Whether it counts against the attempts that a message has.
    public var countsAsAttempt: Bool {
        switch self {
        case .credentialRefused, .throttled: false
        case .delivered, .deviceGone, .messageRefused, .deviceRefused, .temporary, .ambiguous: true
        }
    }

    /// Whether nothing is tried again after it.
    /// - Parameter attempts: that were counted, this one with them.
    public func isFinal(after attempts: Int) -> Bool {
        switch self {
        case .delivered, .deviceGone: true
        case .messageRefused(let most): attempts >= most
        case .credentialRefused, .deviceRefused, .throttled, .temporary, .ambiguous: false
        }
    }

    /// Whether the device is to be removed.
    /// - Parameter registeredAt: milliseconds since 1970.
    public func removes(deviceOf registeredAt: Int64) -> Bool {
        guard case .deviceGone(let since) = self else { return false }
        return since.map { registeredAt <= $0 } ?? true
    }
}
