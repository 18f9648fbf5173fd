/// What a sender does at a moment, for figures and for operators.
public struct PushSenderState: Sendable {
    public struct OpenCircuit: Sendable, Equatable {
        public let key: CircuitKey
        /// `refused`, `throttled` or `failing`.
        public let cause: String
        /// Milliseconds until the next request is let through.
        public let wait: Int64
        /// Milliseconds since it opened.
        public let age: Int64
    }

    public struct Limit: Sendable, Equatable {
        public let key: CircuitKey
        public let inFlight: Int
        public let limit: Int
        public let waiting: Int
    }

    public let inFlight: Int
    public let waiting: Int
    public let connectionsOpened: Int
    /// The longest open first; at most `most`.
    public let circuits: [OpenCircuit]
    public let circuitsOpen: Int
    /// Of credentials and hosts that something is in flight or waits for; at most `most`, those with most in flight.
    public let limits: [Limit]

    public static let most = 100
}
