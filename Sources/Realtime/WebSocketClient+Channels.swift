import Core
import Live

/// Channels that the client subscribes to.
extension WebSocketClient {
    func subscribe(_ id: Int64, to text: String, _ recover: RecoverRequest?) {
        guard let user = token?.subject, let name = gateway.channel(text) else {
            return reply(id, .failed(.unknownChannel))
        }
        guard subscriber(of: name) == nil else { return reply(id, .failed(.alreadySubscribed)) }
        if let refusal = gateway.refusal(of: user, held: channels.count) { return reply(id, .failed(refusal)) }
        let joining = Joining(id)
        self.joining = joining
        gateway.mayRead(name, user, from: address) { [weak self] isOpen in
            guard let self, self.joining === joining else { return }
            switch isOpen {
            case true: join(name, user, joining, from: recover.map { LiveCursor($0) })
            // What the user may not see is not there.
            case false: answer(joining, .failed(.unknownChannel))
            case nil: answer(joining, .failed(.internalError))
            }
        }
    }

    private func join(_ name: ChannelName, _ user: ID, _ joining: Joining, from held: LiveCursor?) {
        guard isOpen else { return }
        let subscriber = Subscriber(
            user: user, channel: name,
            kind: kind, sink: frames, owner: self,
            session: LiveSession(from: held, limit: Hub.queueLimit))
        joining.subscriber = subscriber
        channels.append(subscriber)
        gateway.joinChannel(self, subscriber)
    }

    private func subscriber(of name: ChannelName) -> Subscriber? {
        channels.first { $0.key == .channel(name) }
    }

    /// The client wants no more of it.
    func drop(_ text: String) {
        if let name = ChannelName(text), let subscriber = subscriber(of: name) { forget(subscriber) }
    }

    /// The server ends the subscription.
    func drop(_ subscriber: Subscriber, _ reason: Unsubscribe) {
        forget(subscriber)
        send(form.unsubscribed(from: subscriber.key.description, reason))
    }

    private func forget(_ subscriber: Subscriber) {
        guard let index = channels.firstIndex(where: { $0 === subscriber }) else { return }
        channels.remove(at: index)
        gateway.leaveChannel(subscriber)
    }

    func refuse(_ subscriber: Subscriber) {
        guard let joining, joining.subscriber === subscriber else { return drop(subscriber, .refused) }
        forget(subscriber)
        answer(joining, .failed(.unknownChannel))
    }

    func channelFailed(_ subscriber: Subscriber, isJoining: Bool) {
        guard isJoining, let joining else { return drop(subscriber, .insufficientState) }
        forget(subscriber)
        answer(joining, .failed(.internalError))
    }
}
