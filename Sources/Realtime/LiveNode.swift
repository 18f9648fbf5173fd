import Core
import Feed
import RedisLink
import Runtime

/// This process's ear in Redis: registers the users whose clients are here, hears of their events, and finds out when
/// something was not heard. Messages are numbered for each node and partition; a probe each second tells the last
/// number and the epoch of a partition that is quiet. Lives on its loop.
final class LiveNode {
    struct Handlers {
        /// An event for users of this node.
        var event: (NodeEvent, _ position: Int64) -> Void
        /// Something for these users was missed: from this moment on their clients must be told nothing but what a
        /// resume from their positions finds. Each resume registers its user before it reads.
        var missed: ([ID]) -> Void
        /// They have been registered anew: long polls must look again.
        var registered: ([ID]) -> Void
        /// The timelines of these users have gone or were rebuilt: clients that have not read since the position must.
        var lost: ([ID], _ position: Int64) -> Void
        /// Nothing is heard at all / all is heard again.
        var connected: (Bool) -> Void
    }

    private struct Partition {
        var users: Set<ID> = []
        /// The last number that was heard.
        var last: Int64?
        var epoch: UInt64?
        /// What the last probe's number was: it must have been heard when the next one is sent.
        var probed: Int64?
        var isRecovering = false
        var mustRecoverAgain = false
        var retry: LoopTimer?
    }

    /// How many users are registered in one go.
    private static let slice = 2000

    let name = NodeName.random()
    private let loop: EventLoop
    private let timelines: Timelines
    private var subscriber: RedisSubscriber?
    private var partitions: [Partition]
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
        partitions = Array(repeating: Partition(), count: timelines.partitions.count)
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
    func register(_ user: ID, _ completion: @escaping (Result<Void, RedisError>) -> Void) {
        guard isListening else { return completion(.failure(.notConnected)) }
        let partition = timelines.partitions.of(user)
        partitions[partition].users.insert(user)
        timelines.registerOnLoop([user], node: name) { [weak self] result in
            if case .success(let states) = result { self?.note(states[0], partition) }
            completion(result.map { _ in })
        }
    }

    func unregister(_ users: [ID]) {
        guard !users.isEmpty else { return }
        for user in users { partitions[timelines.partitions.of(user)].users.remove(user) }
        // Where it fails, the next message for them is dropped here, and their entry with the node's end.
        timelines.unregisterOnLoop(users, node: name) { _ in }
    }

    private func note(_ state: PartitionState, _ partition: Int) {
        if partitions[partition].last == nil { partitions[partition].last = state.number }
        if partitions[partition].epoch == nil { partitions[partition].epoch = state.cursor.epoch }
    }

    // MARK: Messages

    private func received(_ channel: [UInt8], _ payload: [UInt8]) {
        messages.add()
        guard let partition = byChannel[channel] else { return }
        guard let message = NodeMessage(payload) else {
            // Nothing of it goes out. What it should have told is found by a resume.
            rejected.add()
            Log.error(.messageRejected, ["partition": .number(Int64(partition))])
            return recover(partition)
        }
        let last = partitions[partition].last
        let epoch = partitions[partition].epoch
        if last == nil || message.number > last! || epoch != message.epoch {
            partitions[partition].last = message.number
        }
        partitions[partition].epoch = message.epoch
        let isContiguous = last == nil || message.number <= last! + 1
        if !isContiguous || (epoch != nil && epoch != message.epoch) { recover(partition) }
        switch message.body {
        case .probe, .channel: break
        case .unknown(let version, let kind, _):
            skipped.addNameless("message of version \(version), kind \(kind)", at: "partition \(partition)")
        case .reset(let users): handlers?.lost(users, message.position)
        case .event(let event):
            handlers?.event(event, message.position)
            if !event.missing.isEmpty { handlers?.lost(event.missing, message.position) }
        }
    }

    private func changed(subscribed: Bool) {
        isListening = subscribed
        handlers?.connected(subscribed)
        guard subscribed else { return }
        for partition in partitions.indices {
            partitions[partition].last = nil
            partitions[partition].probed = nil
            recover(partition)
        }
    }

    // MARK: Finding out

    private func sendBeats() {
        guard isListening, !isBeating else { return }
        let busy = partitions.indices.filter { !partitions[$0].users.isEmpty }
        guard !busy.isEmpty else { return }
        for partition in busy {
            if let probed = partitions[partition].probed, (partitions[partition].last ?? 0) < probed {
                partitions[partition].last = probed
                recover(partition)
            }
            partitions[partition].probed = nil
        }
        isBeating = true
        timelines.beatOnLoop(node: name, partitions: busy) { [weak self] result in
            guard let self else { return }
            self.isBeating = false
            guard case .success(let beats) = result else { return }
            for (partition, beat) in zip(busy, beats) { self.heard(beat, partition) }
        }
    }

    private func heard(_ beat: Beat, _ partition: Int) {
        let epoch = partitions[partition].epoch
        partitions[partition].probed = beat.state.number
        if beat.subscribers == 0 || (epoch != nil && epoch != beat.state.cursor.epoch) {
            // A flush starts the numbers anew, too.
            partitions[partition].epoch = beat.state.cursor.epoch
            partitions[partition].last = beat.state.number
            partitions[partition].probed = nil
            recover(partition)
        }
    }

    /// Has the clients of the partition resume, and registers all its users again: a flush has forgotten them.
    private func recover(_ partition: Int) {
        let users = Array(partitions[partition].users)
        guard !users.isEmpty, isListening else { return }
        handlers?.missed(users)
        guard !partitions[partition].isRecovering else {
            partitions[partition].mustRecoverAgain = true
            return
        }
        partitions[partition].isRecovering = true
        gaps.add()
        Log.info(.partitionResumed, ["partition": .number(Int64(partition)), "users": .number(Int64(users.count))])
        register(users[...], of: partition)
    }

    private func register(_ users: ArraySlice<ID>, of partition: Int) {
        guard !users.isEmpty else {
            partitions[partition].isRecovering = false
            if partitions[partition].mustRecoverAgain {
                partitions[partition].mustRecoverAgain = false
                recover(partition)
            }
            return
        }
        let some = Array(users.prefix(Self.slice))
        timelines.registerOnLoop(some, node: name) { [weak self] result in
            guard let self else { return }
            switch result {
            case .success(let states):
                self.note(states[0], partition)
                self.handlers?.registered(some)
                self.register(users.dropFirst(Self.slice), of: partition)
            case .failure:
                self.partitions[partition].retry = LoopTimer(on: self.loop, after: 200) { [weak self] in
                    self?.partitions[partition].isRecovering = false
                    self?.recover(partition)
                }
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
