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

    /// All connections that are told this log; long polls look again.
    private func tell(_ key: LogKey, _ change: (inout LiveSession) -> LiveSession.Action) {
        for subscriber in hub.subscribers(of: key) {
            guard let client = subscriber.owner as? any LiveClient else {
                hub.signal(subscriber)
                continue
            }
            // Of a gap of all partitions a channel hears for itself and for its user.
            if !mustRead.contains(ObjectIdentifier(subscriber)) { update(client, subscriber, change) }
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
        let member = SharedRead.Member(read: read, client: client, subscriber: subscriber)
        let key = SharedRead.Key(log: subscriber.key, user: subscriber.user, held: read.held)
        // What a client is charged for is its own.
        guard !read.isCharged else { return run(SharedRead(key, member)) }
        mustRead.insert(ObjectIdentifier(subscriber))
        if let shared = reads[key] { return shared.members.append(member) }
        let shared = SharedRead(key, member)
        reads[key] = shared
        // The others of the user hear of the gap in the same turn.
        let boxed = LoopBound.holding((gateway: self, shared: shared), on: loop)
        loop.post { boxed.value.gateway.run(boxed.value.shared) }
    }

    private func run(_ shared: SharedRead) {
        joins.run(of: shared.key.user, from: shared.members[0].client.address) { [unowned self] done in
            if reads[shared.key] === shared { reads[shared.key] = nil }
            for member in shared.members { mustRead.remove(ObjectIdentifier(member.subscriber)) }
            register(shared, done)
        }
    }

    private func register(_ shared: SharedRead, _ done: @escaping () -> Void) {
        let key = shared.key
        let size = key.held == nil ? 0 : reader.most(of: key.log)
        // Room first, as for lists: what finds none would be read and paid for in vain.
        let waiting = shared.members.filter { $0.subscriber.session.awaits($0.read) }
        let members = waiting.filter { room.take(size, for: $0.client) }
        for member in waiting where !members.contains(where: { $0.subscriber === member.subscriber }) {
            failed(member)
        }
        guard !members.isEmpty else { return done() }
        let end = { [unowned self] in
            for member in members { room.giveBack(size, of: member.client) }
            done()
        }
        node.register(key.log) { [unowned self] result in
            guard case .success = result else {
                end()
                return members.forEach(failed)
            }
            metrics.reads.add()
            let boxed = LoopBound.holding((gateway: self, members: members, end: end), on: loop)
            // In turn with requests: a crowd that comes back must not keep them waiting.
            Task(priority: .medium) { [reader] in
                let result = await reader.read(key.log, for: key.user, from: key.held)
                boxed.run { box in
                    box.end()
                    for member in box.members { box.gateway.finish(member, result) }
                }
            }
        }
    }

    /// - Parameter result: `nil`: the user may not see it.
    private func finish(_ member: SharedRead.Member, _ result: Result<JoinOutcome?, any Error>) {
        let (read, client, subscriber) = (member.read, member.client, member.subscriber)
        // It is paid for by one who has gone meanwhile, too.
        if read.isCharged, case .success(let outcome?) = result {
            budget.charge(user: subscriber.user, address: client.address, outcome)
        }
        guard subscriber.session.awaits(read), case .success(let found) = result else {
            return failed(member)
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
            $0.finished(
                read, at: outcome.cursor, version: max(version, outcome.version),
                hiding: shared(outcome.hidden, of: subscriber.user),
                telling, now: now)
        }
    }

    /// One value for all channels of a user.
    private func shared(_ hidden: HiddenAuthors, of user: ID) -> HiddenAuthors {
        guard hidden != .none else { return .none }
        if let known = hiddenAuthors[user], known == hidden { return known }
        hiddenAuthors[user] = hidden
        return hidden
    }

    private func failed(_ member: SharedRead.Member) {
        let now = now
        update(member.client, member.subscriber) { $0.failed(member.read, now: now) }
    }
}
