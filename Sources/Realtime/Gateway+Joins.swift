import Core
import Live
import Runtime

/// Does what the clients' sessions want: registers, reads what was missed, and tells it.
extension Gateway {
    /// - Parameter held: the client's position; `nil`: live from now on.
    func join(_ client: any LiveClient) {
        guard let subscriber = client.subscriber else { return }
        hub.add(subscriber)
        idleSince[subscriber.user] = nil
        auditor.add(subscriber.user)
        let now = now
        update(client) { .read($0.begin(now: now)) }
    }

    /// Something up to this position was missed by the users, or may have been.
    func miss(_ users: [ID], before position: Int64) {
        let now = now
        for user in users { tell(user) { $0.miss(before: position, now: now) } }
    }

    /// Of all connections of the user but the one that has found it.
    func lostRegistration(of user: ID, but finder: Subscriber) {
        let now = now
        tell(user, but: finder) { $0.lostRegistration(now: now) }
    }

    /// All connections of a user; long polls look again.
    private func tell(
        _ user: ID, but one: Subscriber? = nil, _ change: (inout LiveSession) -> LiveSession.Action
    ) {
        for subscriber in hub.connections(of: user) where subscriber !== one {
            if let client = subscriber.sink as? any LiveClient {
                update(client, change)
            } else {
                hub.signal(subscriber)
            }
        }
    }

    func update(_ client: any LiveClient, _ change: (inout LiveSession) -> LiveSession.Action) {
        guard let subscriber = client.subscriber else { return }
        switch hub.update(subscriber, change) {
        case .none, .send: break
        case .read(let read):
            if !read.isCharged { metrics.resumes.add() }
            start(read, client, subscriber)
        case .retry(let read):
            joins.later(
                client,
                LoopTimer(on: loop, after: .random(in: 100...400)) { [unowned self] in
                    start(read, client, subscriber)
                })
        case .fail: client.joinFailed()
        }
    }

    private func start(_ read: LiveSession.Read, _ client: any LiveClient, _ subscriber: Subscriber) {
        guard joins.hasRoom else { return client.joinFailed() }
        joins.run(client, of: subscriber.user) { [unowned self] done in
            register(read, client, subscriber, done)
        }
    }

    private func register(
        _ read: LiveSession.Read, _ client: any LiveClient, _ subscriber: Subscriber, _ done: @escaping () -> Void
    ) {
        guard subscriber.session.awaits(read) else { return done() }
        // Room first, as for lists: what finds none would be read and paid for in vain.
        guard read.held == nil || client.transport.reserve(options.maxResumed) else {
            done()
            return failed(read, client, subscriber)
        }
        let user = subscriber.user
        node.register(user) { [unowned self] result in
            guard case .success(let wasRegistered) = result else {
                _ = client.transport.reserve(0)
                done()
                return failed(read, client, subscriber)
            }
            if !wasRegistered { lostRegistration(of: user, but: subscriber) }
            update(client) { session in
                session.registered(for: read)
                return .none
            }
            let boxed = LoopBound.holding(
                (gateway: self, client: client, subscriber: subscriber, done: done), on: loop)
            // Before requests: who is connected stays so.
            Task(priority: .high) { [feeds, options] in
                let outcome = await JoinOutcome.read(feeds, user, read.held, most: options.maxResumed)
                boxed.run {
                    $0.done()
                    $0.gateway.finish(read, $0.client, $0.subscriber, outcome)
                }
            }
        }
    }

    private func finish(
        _ read: LiveSession.Read, _ client: any LiveClient, _ subscriber: Subscriber,
        _ result: Result<JoinOutcome, any Error>
    ) {
        // It is paid for by one who has gone meanwhile, too.
        if read.isCharged, case .success(let outcome) = result {
            budget.charge(user: subscriber.user, address: client.address, outcome)
        }
        guard subscriber.session.awaits(read), case .success(let outcome) = result else {
            _ = client.transport.reserve(0)
            return failed(read, client, subscriber)
        }
        if case .reset = outcome { metrics.resets.add() }
        joins.forget(client)
        _ = client.transport.reserve(outcome.size)
        let telling = client.tell(outcome)
        _ = client.transport.reserve(0)
        let now = now
        update(client) { $0.finished(read, at: outcome.cursor, telling, now: now) }
    }

    private func failed(_ read: LiveSession.Read, _ client: any LiveClient, _ subscriber: Subscriber) {
        guard client.subscriber === subscriber else { return }
        let now = now
        update(client) { $0.failed(read, now: now) }
    }
}
