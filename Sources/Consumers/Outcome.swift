public import EventLog

/// What became of a record.
public enum Outcome: Sendable, Equatable {
    case done
    /// It comes again, and until then no other with its key.
    case again(Again)
    /// Only a person can help.
    case dead(Death)

    /// For an event that can't be read.
    public static let malformed = Outcome.dead(Death(.malformed, "it is no event"))

    public struct Again: Sendable, Equatable {
        /// For people.
        public let reason: String
        /// Milliseconds since 1970; `nil`: by the group's schedule. Never sooner.
        public let notBefore: Int64?
        /// Whether it was tried. What could not be tried, for something else has to be cured first, may wait for ever.
        public let isAttempt: Bool

        public init(_ reason: String, notBefore: Int64? = nil, isAttempt: Bool = true) {
            (self.reason, self.notBefore, self.isAttempt) = (reason, notBefore, isAttempt)
        }
    }

    public struct Death: Sendable, Equatable {
        public enum Reason: String, Sendable, CaseIterable {
            /// Nobody here can read it.
            case malformed
            /// It was read, and is not what can be done.
            case refused
            /// It has failed as often as it may.
            case exhausted
        }

        public let reason: Reason
        /// For people.
        public let error: String
        /// Which push service, or whoever else it was for, has refused it.
        public let provider: String?

        public init(_ reason: Reason, _ error: String, provider: String? = nil) {
            (self.reason, self.error, self.provider) = (reason, error, provider)
        }
    }
}

/// What became of a batch: all are done but those that are named.
public struct Outcomes: Sendable, Equatable {
    private var others: [Int64: Outcome] = [:]

    public init() {}

    public static let done = Outcomes()

    public subscript(_ record: LogRecord) -> Outcome {
        get { others[record.offset] ?? .done }
        set { others[record.offset] = newValue == .done ? nil : newValue }
    }

    public mutating func merge(_ more: Outcomes) { others.merge(more.others) { $1 } }
}

/// A batch of one topic and partition, in order; never empty. Each record may come twice. What it throws is of all of the
/// batch: see `FailurePolicy`. Where a record is to come again, it has not done those behind it with the same key.
public typealias OutcomeHandler = @Sendable ([LogRecord]) async throws -> Outcomes
