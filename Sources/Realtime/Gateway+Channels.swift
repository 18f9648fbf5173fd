import Core
import DomainKit
import Feed
import Live
import Posts
import Runtime

/// Channels that clients subscribe to: who may, how many, and what comes of them.
extension Gateway {
    // MARK: Subscriptions

    /// The channel of a name from outside, before anybody asks whether the user may see it.
    func channel(_ name: String) -> ChannelName? {
        ChannelName(name).flatMap { options.channels.channel($0)?.name }
    }

    /// Why there can't be another subscription.
    /// - Parameter held: how many the connection has.
    func refusal(of user: ID, held: Int) -> CommandError? {
        guard held < options.channelsPerConnection, counts.channels(of: user) < options.channelsPerUser else {
            return .limitExceeded
        }
        return hasRoom(for: 1, of: user) && budget.pay(user: user) == nil ? nil : .tooManyRequests
    }

    /// Whether so many more may be opened at once.
    func hasRoom(for count: Int, of user: ID) -> Bool {
        counts.channels(of: user) + count <= options.channelsPerUser
            && counts.allChannels + count <= options.maxChannels
    }

    /// Asks the domain, on its threads and in turn with those who join. It is asked again behind the registration, by
    /// `LogReader.read`; this one keeps those from registering who may not subscribe.
    /// - Parameter completion: on the loop; told `nil` where it can't be found out.
    func mayRead(
        _ name: ChannelName, _ user: ID, from address: String, _ completion: @escaping (Bool?) -> Void
    ) {
        guard joins.hasRoom else { return completion(nil) }
        joins.run(of: user, from: address) { [unowned self] done in
            let boxed = LoopBound.holding((completion: completion, done: done), on: loop)
            Task(priority: .high) { [reader] in
                let isOpen = try? await reader.isOpen(name, to: user)
                boxed.run {
                    $0.done()
                    $0.completion(isOpen)
                }
            }
        }
    }

    /// A connection that does not listen to its user's feed: it counts as one of the user's, and hears what concerns all that
    /// the user subscribed to.
    func attend(_ client: any LiveClient, _ subscriber: Subscriber) {
        hub.add(subscriber)
        hub.mute(subscriber)
        idleSince[subscriber.key] = nil
        presence(of: client, subscriber)
    }

    private func presence(of client: any LiveClient, _ subscriber: Subscriber) {
        node.register(subscriber.key) { [unowned self, weak client] result in
            guard case .failure = result, let client, clients.contains(client) else { return }
            joins.later(
                subscriber,
                LoopTimer(on: loop, after: 1000) { [unowned self] in
                    joins.forget(subscriber)
                    presence(of: client, subscriber)
                })
        }
    }

    func joinChannel(_ client: any LiveClient, _ subscriber: Subscriber) {
        count(subscriber)
        join(client, subscriber)
    }

    /// One more of a channel.
    func count(_ subscriber: Subscriber) {
        counts.changeChannels(of: subscriber.user, by: 1)
        if !subscriber.key.isPersonal { metrics.channels.add(1) }
    }

    func leaveChannel(_ subscriber: Subscriber) {
        leave(subscriber)
        counts.changeChannels(of: subscriber.user, by: -1)
        if counts.channels(of: subscriber.user) == 0 { hiddenAuthors[subscriber.user] = nil }
        if !subscriber.key.isPersonal { metrics.channels.add(-1) }
    }

    // MARK: Messages

    func received(_ message: ChannelMessage, at position: Int64) {
        switch message {
        case .event(let name, let envelope):
            let author = envelope[.author]
            if author != nil { read(name, before: position) { $0.readsAuthors } }
            if let version = envelope[.version] { read(name, before: position) { version < $0.version } }
            let version = envelope[.version] ?? -1
            deliver(envelope, on: name, position) { SharedFrame($0, by: author, version: version) }
        case .state(let name, let version, let envelope):
            deliver(envelope, on: name, position) { SharedFrame(state: $0, version: version) }
        case .recheck(let name):
            // What came before, the end of a post perhaps, is told.
            flush()
            miss([.channel(name)], before: .max)
        case .recheckUsers(let users):
            flush()
            for user in users { recheckChannels(of: user) }
        }
    }

    /// Some can't be told an event as it is, for it names its author, or an older number than they were told: they read it.
    private func read(_ name: ChannelName, before position: Int64, _ isFor: (LiveSession) -> Bool) {
        let now = now
        for subscriber in hub.subscribers(of: .channel(name)) where isFor(subscriber.session) {
            guard let client = subscriber.owner as? any LiveClient else { continue }
            update(client, subscriber) { $0.miss(before: position, now: now) }
        }
    }

    /// Each connection of a user has a subscriber of the feed here, if only a mute one.
    func recheckChannels(of user: ID) {
        let now = now
        for subscriber in hub.subscribers(of: .feed(of: user)) {
            polls[ObjectIdentifier(subscriber)]?.recheckChannels()
            guard let client = subscriber.owner as? any LiveClient else { continue }
            for subscriber in client.channels where !mustRead.contains(ObjectIdentifier(subscriber)) {
                update(client, subscriber) { $0.miss(before: .max, now: now) }
            }
        }
    }

    private func deliver(
        _ envelope: Envelope, on name: ChannelName, _ position: Int64, _ frame: (Publication) -> SharedFrame
    ) {
        let key = LogKey.channel(name)
        guard options.liveKinds.contains(envelope.kind) else {
            skipped.add(envelope.kind, at: "request \(envelope.requestID)")
            hub.deliver(SharedFrame(silentAt: position), to: key)
            return flushSoon()
        }
        let count = hub.subscribers(of: key).count
        guard count > 0 else { return }
        hub.deliver(
            frame(Publication(event: envelope.payload, type: envelope.kind.name, position: position)), to: key)
        delivered(envelope.requestID, post: envelope[.post], to: count)
    }
}
