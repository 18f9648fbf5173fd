public import Consumers
public import Core
public import EventLog

/// What a domain tells users themselves, in the channel of their notifications, beside those: the events of a topic of its own, whose
/// records have the user's id as their key. A record says what an event is about; how that is, is read when it is told, now or to who
/// comes back later.
public struct PersonalNews: Sendable {
    public let topic: String
    private let kinds: KnownKinds
    private let reading: @Sendable (LogRecord, inout Outcomes) -> Envelope?
    private let making: @Sendable (_ user: ID, _ events: [Envelope]) async throws -> [Envelope]

    /// - Parameter making: what is told in place of some of the topic's events, each with the id and kind of one of them. What has
    ///   become of nothing is left out.
    public init<Kinds: NamedKinds>(
        _ topic: String, _ kinds: Kinds.Type,
        making: @escaping @Sendable (_ user: ID, _ events: [Envelope]) async throws -> [Envelope]
    ) {
        let reader = EventReader<Kinds>()
        self.topic = topic
        self.kinds = KnownKinds(kinds)
        self.making = making
        reading = { record, outcomes in
            guard let (_, event) = reader.known(record, &outcomes) else { return nil }
            guard ID(record.key) != nil else {
                reader.lacksFields(record, &outcomes)
                return nil
            }
            return event
        }
    }

    /// `nil` for what is passed over.
    public func read(_ record: LogRecord, _ outcomes: inout Outcomes) -> (user: ID, event: Envelope)? {
        guard let event = reading(record, &outcomes), let user = ID(record.key) else { return nil }
        return (user, event)
    }

    /// What is told of those of some events that are of these kinds.
    public func told(_ events: [Envelope], to user: ID) async throws -> [Envelope] {
        let own = events.filter { kinds.contains($0.kind) }
        return own.isEmpty ? [] : try await making(user, own)
    }
}
