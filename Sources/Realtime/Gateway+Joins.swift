import Core
import Feed
import Live
import Runtime

/// Does what the sessions of clients want: registers, reads what was missed, and tells it.
extension Gateway {
    func join(_ client: any LiveClient, _ subscriber: Subscriber) {
        hub.add(subscriber)
        idleSince[subscriber.key] = nil
        watch(subscriber.key)
        let now = now
        update(client, subscriber) { .read($0.begin(now: now)) }
    }

    /// Something up to this position was missed of these, or may have been.
    func miss(_ keys: [LogKey], before position: Int64) {
        let now = now
        for key in keys {
            tell(key) { $0.miss(before: position, now: now) }
            // That the user's channels are to be asked about may have been said, too.
            if position == .max, case .feed(let user) = key { recheckChannels(of: user) }
        }
    }

    /// Of all connections but the one that has found it.
    func lostRegistration(of key: LogKey, but finder: Subscriber? = nil) {
        let now = now
        tell(key, but: finder) { $0.lostRegistration(now: now) }
        if case .feed(let user) = key { recheckChannels(of: user) }
    }

    /// All connections that are told this log; long polls look again.
    private func tell(
        _ key: LogKey, but one: Subscriber? = nil, _ change: (inout LiveSession) -> LiveSession.Action
    ) {
        for subscriber in hub.subscribers(of: key) where subscriber !== one {
            if let client = subscriber.owner as? any LiveClient {
                update(client, subscriber, change)
            } else {
                hub.signal(subscriber)
            }
        }
    }

    func update(
        _ client: any LiveClient, _ subscriber: Subscriber,
        _ change: (inout LiveSession) -> LiveSession.Action
    ) {
        switch hub.update(subscriber, change) {
        case .none, .send: break
        case .read(let read):
            if !read.isCharged { metrics.resumes.add() }
            start(read, client, subscriber)
        case .retry(let read):
            joins.later(
                subscriber,
                LoopTimer(on: loop, after: .random(in: 100...400)) { [unowned self] in
                    start(read, client, subscriber)
                })
        case .fail: client.joinFailed(subscriber)
        }
    }

    private func start(_ read: LiveSession.Read, _ client: any LiveClient, _ subscriber: Subscriber) {
        guard joins.hasRoom else { return client.joinFailed(subscriber) }
        joins.forget(subscriber)
        joins.run(of: subscriber.user, from: client.address) { [unowned self] done in
            register(read, client, subscriber, done)
        }
    }

    private func register(
        _ read: LiveSession.Read, _ client: any LiveClient, _ subscriber: Subscriber, _ done: @escaping () -> Void
    ) {
        guard subscriber.session.awaits(read) else { return done() }
        let size = read.held == nil ? 0 : reader.most(of: subscriber.key)
        // Room first, as for lists: what finds none would be read and paid for in vain.
        guard room.take(size, for: client) else {
            done()
            return failed(read, client, subscriber)
        }
        node.register(subscriber.key) { [unowned self] result in
            guard case .success(let wasRegistered) = result else {
                room.giveBack(size, of: client)
                done()
                return failed(read, client, subscriber)
            }
            if !wasRegistered { lostRegistration(of: subscriber.key, but: subscriber) }
            update(client, subscriber) { session in
                session.registered(for: read)
                return .none
            }
            let boxed = LoopBound.holding(
                (gateway: self, client: client, subscriber: subscriber, done: done), on: loop)
            let (user, key) = (subscriber.user, subscriber.key)
            // Before requests: who is connected stays so.
            Task(priority: .high) { [reader] in
                let result = await reader.read(key, for: user, from: read.held)
                boxed.run {
                    $0.done()
                    $0.gateway.room.giveBack(size, of: $0.client)
                    $0.gateway.finish(read, $0.client, $0.subscriber, result)
                }
            }
        }
    }

    /// - Parameter result: `nil`: the user may not see it.
    private func finish(
        _ read: LiveSession.Read, _ client: any LiveClient, _ subscriber: Subscriber,
        _ result: Result<JoinOutcome?, any Error>
    ) {
        // It is paid for by one who has gone meanwhile, too.
        if read.isCharged, case .success(let outcome?) = result {
            budget.charge(user: subscriber.user, address: client.address, outcome)
        }
        guard subscriber.session.awaits(read), case .success(let found) = result else {
            return failed(read, client, subscriber)
        }
        joins.forget(subscriber)
        guard var outcome = found else {
            metrics.revoked.add()
            return client.refuse(subscriber)
        }
        let now = now
        if case .channel = subscriber.key, subscriber.session.isDoubtful(read) {
            return update(client, subscriber) { $0.discard(read, now: now) }
        }
        if case .reset = outcome.verdict { metrics.resets.add() }
        let version = outcome.state?.version ?? -1
        // What it held came with the state of then.
        if version <= subscriber.session.version || outcome.isStateKnown(to: read.held) { outcome.state = nil }
        let size = outcome.size
        let hasRoom = room.take(size, for: client)
        let telling = client.tell(outcome, of: subscriber)
        if hasRoom { room.giveBack(size, of: client) }
        update(client, subscriber) {
            $0.finished(read, at: outcome.cursor, version: version, telling, now: now)
        }
    }

    private func failed(_ read: LiveSession.Read, _ client: any LiveClient, _ subscriber: Subscriber) {
        let now = now
        update(client, subscriber) { $0.failed(read, now: now) }
    }
}
