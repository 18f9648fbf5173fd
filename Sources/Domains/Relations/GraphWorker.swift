public import Consumers
import Core
import DomainKit
public import EventLog

/// Turns changes of the graph into requests to notify: who was followed is to be told so.
public struct GraphWorker: Sendable {
    private let log: any EventLog
    private let reader = EventReader<RelationEvent>()

    public init(log: any EventLog) {
        self.log = log
    }

    /// Handles one batch of `graph.events`. May run twice: the request carries the event's id.
    public func handle(_ records: [LogRecord]) async throws -> Outcomes {
        var outcomes = Outcomes()
        try await log.append(records.compactMap { request($0, &outcomes) })
        return outcomes
    }

    private func request(_ record: LogRecord, _ outcomes: inout Outcomes) -> NewRecord? {
        guard let (kind, event) = reader.known(record, &outcomes) else { return nil }
        switch kind {
        case .followRemoved, .followRequested, .followUnrequested, .blockAdded, .blockRemoved, .muteAdded, .muteRemoved:
            return nil
        case .followAccepted:
            guard let followee = event[.followee] else {
                reader.lacksFields(record, &outcomes)
                return nil
            }
            var envelope = event
            envelope.kind = NotificationEvent.requested.kind
            return NewRecord(topic: NotificationEvent.topic, key: followee.description, envelope)
        }
    }
}
