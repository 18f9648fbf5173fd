import Consumers
public import Core
import DomainKit
public import EventLog
import Relations
public import Store

/// The role `notifier`, thin for now: it consumes `notification.requested` and writes a log line for each. Deliveries
/// by Web Push, APNs, FCM and webhooks, with retries and dead letters, come later.
public final class Notifier: Sendable {
    private let groups: ConsumerGroups

    /// - Parameter storage: see `ConsumerGroup`.
    public init(log: any EventLog, storage: Database, clock: any WallClock) {
        let reader = EventReader<NotificationEvent>()
        let requested = Metrics.shared.counter(.requested)
        let group = ConsumerGroup(
            SubscriptionOptions(group: "notifier", topics: [NotificationEvent.topic], rest: 50), .park(.standard),
            log: log, database: storage, clock: clock
        ) { records in
            var outcomes = Outcomes()
            for record in records {
                guard let (_, envelope) = reader.known(record, &outcomes) else { continue }
                requested.add()
                Log.info(
                    .notificationRequested,
                    ["user": .text(record.key), "request_id": .text(envelope.requestID)])
            }
            return outcomes
        }
        groups = ConsumerGroups([group], database: storage)
    }

    public func start() async throws { try await groups.start() }

    public func close() async { await groups.close() }
}
