import Consumers
import Core
import Devices
import EventLog
import Notifications

/// Enters into the books what is to be sent: each notification with a new cause for each device of its user. Whether it is sent is
/// decided in its turn.
struct PushPlanner: Sendable {
    let inboxes: InboxPushes
    let devices: @Sendable ([ID]) async throws -> [Device]
    let deliveries: Deliveries
    let clock: any WallClock
    /// Something is due.
    let wake: @Sendable () -> Void

    /// Handles one batch of the inboxes' events. May run twice: an entry is made once.
    func handle(_ records: [LogRecord]) async throws -> Outcomes {
        var outcomes = Outcomes()
        var news: [InboxPushes.News] = []
        for record in records {
            guard let event = Envelope(headers: record.headers, payload: record.value) else {
                outcomes[record] = .malformed
                continue
            }
            if let some = InboxPushes.news(event) { news.append(some) }
        }
        guard !news.isEmpty else { return outcomes }
        // Nearly nobody has one: then nothing more is read.
        let found = Dictionary(grouping: try await devices(Set(news.map(\.user)).sorted()), by: \.user)
        let wanted = news.filter { found[$0.user] != nil }
        guard !wanted.isEmpty else { return outcomes }
        let new = try await inboxes.unread(wanted).flatMap { name, type in
            (found[name.user] ?? []).map { device in
                NewDelivery(DeliveryKey(user: name.user, device: device.id, notification: name.id), type: type)
            }
        }
        let made = try await deliveries.consume(new, due: clock.milliseconds())
        if !made.isEmpty { wake() }
        return outcomes
    }
}
