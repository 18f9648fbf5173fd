import Core
import Feed
import Live
import RedisLink
import Runtime

/// This process's ear in Redis: registers the users whose clients are here, hears of their events, and finds out when
/// something was not heard. Messages are numbered for each node and partition; a probe each second tells the last
/// number and the epoch of a partition that is quiet. Lives on its loop.
final class LiveNode {
    struct Handlers {
        /// An event for users of this node.
        var event: (NodeEvent, _ position: Int64) -> Void
        /// Something for these users was missed up to the position: their clients must read it, unless they have since
        /// (`LiveSession.miss`). Each read registers its user before.
        var missed: ([ID], _ position: Int64) -> Void
        /// They have been registered anew: long polls must look again.
        var registered: ([ID]) -> Void
        /// Nothing is heard at all / all is heard again.
        var connected: (Bool) -> Void
    }

    let name = NodeName.random()
    private let loop: EventLoop
    private let timelines: Timelines
    private var subscriber: RedisSubscriber?
    private var partitions: [PartitionTracker]
    private var retries: [Int: LoopTimer] = [:]
    private var byChannel: [[UInt8]: Int] = [:]
    private var beat: LoopTimer?
    private var isBeating = false
    var handlers: Handlers?
    private(set) var isListening = false
    private let gaps = Metrics.shared.counter(.gaps)
    private let rejected = Metrics.shared.counter(.rejected)
    private let skipped = SkippedEvents(.node)
    private let messages = Metrics.shared.counter(.messages)

    init(loop: EventLoop, address: RedisAddress, timelines: Timelines) {
        loop.assertCurrent()
        self.loop = loop
        self.timelines = timelines
        partitions = Array(repeating: PartitionTracker(), count: timelines.partitions.count)
        for partition in partitions.indices {
            byChannel[Array(timelines.channel(partition: partition, node: name).utf8)] = partition
        }
        subscriber = RedisSubscriber(
            on: loop, address: address, name: "live",
            onMessage: { [weak self] in self?.received($0, $1) },
            onState: { [weak self] in self?.changed(subscribed: $0) })
        subscriber?.subscribe(partitions.indices.map { timelines.channel(partition: $0, node: name) })
        beat = LoopTimer(on: loop, after: 1000, repeating: 1000) { [weak self] in self?.sendBeats() }
    }

    // MARK: Users

    /// From the completion on, whatever is delivered to the user is heard, or found to have been missed.
    /// - Parameter completion: told whether the user was registered before.
    func register(_ user: ID, _ completion: @escaping (Result<Bool, RedisError>) -> Void) {
        guard isListening else { return completion(.failure(.notConnected)) }
        let partition = timelines.partitions.of(user)
        partitions[partition].add(user)
        timelines.registerOnLoop([user], node: name) { [weak self] result in
            if case .success(let states) = result { self?.note(states[0], partition) }
            completion(result.map { $0[0].wasRegistered })
        }
    }

    func unregister(_ users: [ID]) {
        guard !users.isEmpty else { return }
        for user in users { partitions[timelines.partitions.of(user)].remove(user) }
        // Where it fails, the next message for them is dropped here, and their entry with the node's end.
        timelines.unregisterOnLoop(users, node: name) { _ in }
    }

    /// What was said to these users, by what their clients were told.
    func audit(
        _ told: [(user: ID, cursor: LiveCursor)], _ completion: @escaping (Result<[AuditFinding], RedisError>) -> Void
    ) {
        timelines.auditOnLoop(told, node: name, completion)
    }

    private func note(_ state: PartitionState, _ partition: Int) {
        partitions[partition].note(number: state.number, epoch: state.cursor.epoch)
    }

    // MARK: Messages

    private func received(_ channel: [UInt8], _ payload: [UInt8]) {
        messages.add()
        guard let partition = byChannel[channel] else { return }
        guard let message = NodeMessage(payload) else {
            // Nothing of it goes out.
            rejected.add()
            Log.error(.messageRejected, ["partition": .number(Int64(partition))])
            return update(partition) { $0.heardNonsense() }
        }
        update(partition) { $0.heard(number: message.number, epoch: message.epoch) }
        switch message.body {
        case .probe, .channel: break
        case .unknown(let version, let kind, _):
            skipped.addNameless("message of version \(version), kind \(kind)", at: "partition \(partition)")
        case .reset(let users): handlers?.missed(users, message.position)
        case .event(let event):
            handlers?.event(event, message.position)
            if !event.missing.isEmpty { handlers?.missed(event.missing, message.position) }
        }
    }

    private func changed(subscribed: Bool) {
        isListening = subscribed
        handlers?.connected(subscribed)
        for partition in partitions.indices {
            update(partition) { tracker in
                if subscribed { return tracker.subscribed() }
                tracker.lost()
                return []
            }
        }
    }

    // MARK: Probes

    private func sendBeats() {
        guard isListening, !isBeating else { return }
        let busy = partitions.indices.filter { !partitions[$0].users.isEmpty }
        guard !busy.isEmpty else { return }
        for partition in busy { update(partition) { $0.willProbe() } }
        isBeating = true
        timelines.beatOnLoop(node: name, partitions: busy) { [weak self] result in
            guard let self else { return }
            self.isBeating = false
            guard case .success(let beats) = result else { return }
            for (partition, beat) in zip(busy, beats) {
                let state = beat.state
                self.update(partition) {
                    $0.didProbe(number: state.number, epoch: state.cursor.epoch, subscribers: beat.subscribers)
                }
            }
        }
    }

    // MARK: What trackers want

    private func update(_ partition: Int, _ change: (inout PartitionTracker) -> [PartitionTracker.Action]) {
        let wasRecovering = partitions[partition].isRecovering
        let actions = change(&partitions[partition])
        if partitions[partition].isRecovering, !wasRecovering {
            gaps.add()
            let users = partitions[partition].users.count
            Log.info(.partitionResumed, ["partition": .number(Int64(partition)), "users": .number(Int64(users))])
        }
        for action in actions {
            switch action {
            case .miss(let users): handlers?.missed(users, .max)
            case .register(let users): register(users, of: partition)
            case .look(let users): handlers?.registered(users)
            case .wait:
                retries[partition] = LoopTimer(on: loop, after: 200) { [weak self] in
                    self?.update(partition) { $0.retry() }
                }
            }
        }
    }

    private func register(_ users: [ID], of partition: Int) {
        timelines.registerOnLoop(users, node: name) { [weak self] result in
            self?.update(partition) {
                guard case .success(let states) = result else { return $0.registrationFailed() }
                return $0.registered(users, number: states[0].number, epoch: states[0].cursor.epoch)
            }
        }
    }

    func close() {
        beat?.cancel()
        subscriber?.close()
        subscriber = nil
    }
}

@available(*, unavailable)
extension LiveNode: Sendable {}
