import Core
import Live

/// What a client is told of its notifications that asks for them in `connect`: they are read first, then the feed, and one reply says
/// how both begin.
struct JoiningNotifications {
    let subscriber: Subscriber
    let gate: FrameGate
    /// How they begin; `nil` before they were read.
    var outcome: JoinOutcome?
}

/// Holds back what comes before the reply to `connect`.
final class FrameGate: FrameSink {
    private let sink: any FrameSink
    private var isOpen = false

    init(_ sink: any FrameSink) { self.sink = sink }

    var isBacklogged: Bool { !isOpen || sink.isBacklogged }
    func write(_ bytes: UnsafeRawBufferPointer) { sink.write(bytes) }
    func open() { isOpen = true }
}

extension WebSocketClient {
    /// - Parameters:
    ///   - held: the position in the feed.
    ///   - heldOfNotifications: that in the notifications.
    func joinWithNotifications(_ user: ID, from held: LiveCursor?, _ heldOfNotifications: LiveCursor?) {
        _ = prepare(user, from: held)
        let gate = FrameGate(frames)
        let subscriber = Subscriber(
            user: user, channel: .notifications(of: user), kind: kind, sink: gate, owner: self,
            session: LiveSession(from: heldOfNotifications, limit: Hub.queueLimit))
        joining?.subscriber = subscriber
        joining?.notifications = JoiningNotifications(subscriber: subscriber, gate: gate)
        channels.append(subscriber)
        gateway.joinChannel(self, subscriber)
    }

    /// The notifications were read, if it is those: the feed is next.
    func begins(_ joining: Joining, with outcome: JoinOutcome) -> Bool {
        guard let notified = joining.notifications?.subscriber, joining.subscriber === notified, let subscriber else {
            return false
        }
        joining.notifications?.outcome = outcome
        joining.subscriber = subscriber
        gateway.join(self, subscriber)
        return true
    }

    /// What has come meanwhile goes behind the reply.
    func tellNotifications(_ notifications: JoiningNotifications) {
        notifications.gate.open()
        let now = gateway.now
        gateway.update(self, notifications.subscriber) { $0.drained(now: now) }
    }

    /// Subscribed to by the server: who can't be told what he missed connects anew.
    func isPersonal(_ subscriber: Subscriber) -> Bool {
        guard case .channel(let name) = subscriber.key else { return true }
        return name.owner != nil
    }
}
