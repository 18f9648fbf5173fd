import Core
import Feed
import Live
import RedisLink
import Runtime

/// This process's ear in Redis: registers the users whose clients are here and the channels that they subscribed to, hears
/// of their events, and finds out when something was not heard. Messages are numbered for each node and partition; a probe each second tells the last
/// number and the epoch of a partition that is quiet. Lives on its loop.
final class LiveNode {
    struct Handlers {
        /// An event for users of this node.
        var event: (NodeEvent, _ position: Int64) -> Void
        var channel: (ChannelMessage, _ position: Int64) -> Void
        /// Something of these was missed up to the position: their clients must read it, unless they have since
        /// (`LiveSession.miss`). Each read registers its log before.
        var missed: ([LogKey], _ position: Int64) -> Void
        /// They have been registered anew: long polls must look again.
        var registered: ([LogKey]) -> Void
        /// Nothing is heard at all / all is heard again.
        var connected: (Bool) -> Void
    }

    let name = NodeName.random()
    private let loop: EventLoop
    private let timelines: Timelines
    private let channels: Channels
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
    private let checked = CheckedEvents()
    private let messages = Metrics.shared.counter(.messages)

    init(loop: EventLoop, address: RedisAddress, timelines: Timelines) {
        loop.assertCurrent()
        self.loop = loop
        self.timelines = timelines
        channels = Channels(timelines)
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

    // MARK: Logs

    /// From the completion on, whatever is delivered to it is heard, or found to have been missed.
    func register(_ key: LogKey, _ completion: @escaping (Result<Void, RedisError>) -> Void) {
        let partition = partition(of: key)
        partitions[partition].add(key)
        // It is registered with the others, when there is a link.
        guard isListening else { return completion(.failure(.notConnected)) }
        switch key {
        case .feed(let user):
            let known = partitions[partition].known(among: [key])
            timelines.registerOnLoop([user], known: known, node: name) { [weak self] result in
                if case .success(let states) = result { self?.note(key, states[0]) }
                completion(result.map { _ in })
            }
        case .channel(let channel):
            registerAgain([channel]) { completion($0.map { _ in }) }
        }
    }

    /// Says again that the node has subscribers of them, and finds out about each.
    func registerAgain(
        _ names: [ChannelName], _ completion: @escaping (Result<[ChannelRegistration], RedisError>) -> Void
    ) {
        let keys = names.map { LogKey.channel($0) }
        let known = keys.reduce(into: Set()) { $0.formUnion(partitions[partition(of: $1)].known(among: [$1])) }
        channels.registerOnLoop(names, known: known, node: name) { [weak self] result in
            if let self, case .success(let found) = result {
                for (key, registration) in zip(keys, found) { note(key, registration.partition) }
            }
            completion(result)
        }
    }

    func unregister(_ keys: [LogKey]) {
        guard !keys.isEmpty else { return }
        for key in keys { partitions[partition(of: key)].remove(key) }
        // Where it fails, the next message for them is dropped here, and their entry with the node's end.
        let (users, names) = (keys.users, keys.channels)
        if !users.isEmpty { timelines.unregisterOnLoop(users, node: name) { _ in } }
        if !names.isEmpty { channels.unregisterOnLoop(names, node: name) { _ in } }
    }

    /// What was said to these users, by what their clients were told.
    func audit(
        _ told: [(user: ID, cursor: LiveCursor)], _ completion: @escaping (Result<[AuditFinding], RedisError>) -> Void
    ) {
        timelines.auditOnLoop(told, node: name, completion)
    }

    private func partition(of key: LogKey) -> Int {
        switch key {
        case .feed(let user): timelines.partitions.of(user)
        case .channel(let name): timelines.partitions.of(name)
        }
    }

    private func note(_ key: LogKey, _ state: PartitionState) {
        partitions[partition(of: key)].note(key, number: state.number, epoch: state.cursor.epoch)
    }

    // MARK: Messages

    private func received(_ channel: [UInt8], _ payload: [UInt8]) {
        messages.add()
        guard let partition = byChannel[channel] else { return }
        guard let message = NodeMessage(payload, checked) else {
            // Nothing of it goes out.
            rejected.add()
            Log.error(.messageRejected, ["partition": .number(Int64(partition))])
            return update(partition) { $0.heardNonsense() }
        }
        update(partition) { $0.heard(number: message.number, epoch: message.epoch) }
        let position = message.position
        switch message.body {
        case .probe: break
        case .channel(let message): handlers?.channel(message, position)
        case .unknown(let version, let kind, _):
            skipped.addNameless("message of version \(version), kind \(kind)", at: "partition \(partition)")
        case .reset(let users): handlers?.missed(users.map { .feed(of: $0) }, position)
        case .event(let event):
            handlers?.event(event, position)
            if !event.missing.isEmpty { handlers?.missed(event.missing.map { .feed(of: $0) }, position) }
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
        let busy = partitions.indices.filter { !partitions[$0].keys.isEmpty }
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
            let logs = partitions[partition].keys.count
            Log.info(.partitionResumed, ["partition": .number(Int64(partition)), "logs": .number(Int64(logs))])
        }
        for action in actions {
            switch action {
            case .miss(let keys): handlers?.missed(keys, .max)
            case .register(let keys): register(keys, of: partition)
            case .look(let keys): handlers?.registered(keys)
            case .wait:
                retries[partition] = LoopTimer(on: loop, after: 200) { [weak self] in
                    self?.update(partition) { $0.retry() }
                }
            }
        }
    }

    private func register(_ keys: [LogKey], of partition: Int) {
        let (users, names) = (keys.users, keys.channels)
        guard !users.isEmpty else { return register(names, of: partition, after: []) }
        let known = partitions[partition].known(among: keys)
        timelines.registerOnLoop(users, known: known, node: name) { [weak self] result in
            guard case .success(let states) = result else {
                self?.update(partition) { $0.registrationFailed() }
                return
            }
            self?.register(names, of: partition, after: zip(users, states).map { (.feed(of: $0), $1) })
        }
    }

    /// - Parameter feeds: those that are registered.
    private func register(_ names: [ChannelName], of partition: Int, after feeds: [(LogKey, PartitionState)]) {
        guard !names.isEmpty else { return registered(feeds, of: partition) }
        let known = partitions[partition].known(among: names.map { .channel($0) })
        channels.registerOnLoop(names, known: known, node: name) { [weak self] result in
            guard case .success(let found) = result else {
                self?.update(partition) { $0.registrationFailed() }
                return
            }
            self?.registered(feeds + zip(names, found).map { (.channel($0), $1.partition) }, of: partition)
        }
    }

    private func registered(_ logs: [(key: LogKey, state: PartitionState)], of partition: Int) {
        // From where the partition was when the first of them was registered, all is heard.
        let first = logs[0].state
        update(partition) {
            $0.registered(logs.map(\.key), number: first.number, epoch: first.cursor.epoch)
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
