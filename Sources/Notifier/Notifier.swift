import Core
import DomainKit
public import EventLog
import Relations
import Synchronization

/// The role `notifier`, thin for now: it consumes `notification.requested` and writes a log line for each. Deliveries
/// by Web Push, APNs, FCM and webhooks, with retries and dead letters, come later.
public final class Notifier: Sendable {
    private let log: any EventLog
    private let subscription = Mutex<(any LogSubscription)?>(nil)

    public init(log: any EventLog) {
        self.log = log
    }

    public func start() async throws {
        let reader = EventReader<NotificationEvent>()
        let requested = Metrics.shared.counter(.requested)
        let opened = try await log.subscribe(
            SubscriptionOptions(group: "notifier", topics: [NotificationEvent.topic], rest: 50)
        ) { records in
            for record in records {
                guard let (_, envelope) = reader.known(record) else { continue }
                requested.add()
                Log.info(
                    .notificationRequested,
                    ["user": .text(record.key), "request_id": .text(envelope.requestID)])
            }
        }
        subscription.withLock { $0 = opened }
    }

    public func close() async {
        await subscription.withLock { $0 }?.close()
    }
}
