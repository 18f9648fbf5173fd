import Core
public import EventLog
import Runtime

/// Turns changes of the graph into requests to notify: who was followed is to be told so.
public struct GraphWorker: Sendable {
    private let log: any EventLog

    public init(log: any EventLog) {
        self.log = log
    }

    /// Handles one batch of `graph.events`. May run twice: the request carries the event's id.
    public func handle(_ records: [LogRecord]) async throws {
        try await log.append(
            records.compactMap { record in
                guard var headers = EventHeaders(record.headers), headers.type == EventType.followAccepted,
                    let followee = headers.followee
                else { return nil }
                headers.type = EventType.notificationRequested
                return NewRecord(
                    topic: TopicName.notificationRequested, key: followee.description, value: record.value,
                    headers: headers.dictionary)
            })
    }
}
