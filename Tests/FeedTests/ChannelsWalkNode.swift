import Core
import Live
import RedisLink

@testable import Feed

/// Nodes of a walk over channels. They do what the trackers of the shipped code say, one step at a time.
extension ChannelsWalk {
    // MARK: Messages

    func pump(_ node: WalkNode, limit: Int) async throws {
        try await inbox.sync()
        fetch(node)
        for partition in 0..<2 {
            for _ in 0..<min(limit, node.queues[partition].count) {
                take(node.queues[partition].removeFirst(), node, partition)
            }
        }
        node.hub.flush()
        try checkWritten()
    }

    func fetch(_ node: WalkNode) {
        for partition in 0..<2 {
            let messages = inbox.take(node.channels(timelines)[partition])
            if !node.isDeaf[partition] { node.queues[partition] += messages }
        }
    }

    private func take(_ message: NodeMessage, _ node: WalkNode, _ partition: Int) {
        update(node, partition) { $0.heard(number: message.number, epoch: message.epoch) }
        guard case .channel(.event(let channel, let envelope)) = message.body else { return }
        let event = ChannelEvent(position: message.position, envelope)
        node.hub.deliver(SharedFrame(event.publication), to: .channel(channel))
    }

    func miss(_ keys: [LogKey], on node: WalkNode) {
        for client in clients where client.node === node && keys.contains(client.key) {
            update(client) { $0.miss(before: .max, now: time) }
        }
    }

    // MARK: What its trackers want

    func update(_ node: WalkNode, _ partition: Int, _ change: (inout PartitionTracker) -> [PartitionTracker.Action]) {
        for action in change(&node.trackers[partition]) {
            switch action {
            case .miss(let keys):
                tally.gaps += 1
                miss(keys, on: node)
            case .register(let keys): node.registrations[partition] = keys
            case .look: break
            case .wait: node.isWaiting[partition] = true
            }
        }
    }

    /// One thing that a tracker waits for.
    func recover(_ node: WalkNode) async throws {
        for partition in 0..<2 {
            if let keys = node.registrations[partition] {
                node.registrations[partition] = nil
                let known = known(among: keys, node)
                let result = try? await failingWithoutScripts {
                    try await channels.register(keys.channels, known: known, node: node.name)
                }
                update(node, partition) {
                    guard let result else { return $0.registrationFailed() }
                    let first = result[0].partition
                    return $0.registered(keys, number: first.number, epoch: first.cursor.epoch)
                }
            } else if node.isWaiting[partition] {
                node.isWaiting[partition] = false
                update(node, partition) { $0.retry() }
            }
        }
    }

    func beat(_ node: WalkNode) async throws {
        for partition in 0..<2 where !node.isAway && !node.trackers[partition].keys.isEmpty {
            update(node, partition) { $0.willProbe() }
            guard
                let beat = try? await failingWithoutScripts({
                    try await timelines.beat(node: node.name, partitions: [partition])[0]
                })
            else { continue }
            guard beat.subscribers == 1 else {
                throw TimelinesFailure(description: "a probe had \(beat.subscribers) subscribers")
            }
            node.isFlushed[partition] = false
            update(node, partition) {
                $0.didProbe(number: beat.state.number, epoch: beat.state.cursor.epoch, subscribers: beat.subscribers)
            }
        }
    }

    // MARK: Audit

    /// A node says its registrations again, and finds out about them. Whoever is found must be one whose log or registration
    /// was removed behind its back: all else is found before.
    func audit(_ node: WalkNode) async throws {
        guard omission != .audit, !node.isAway else { return }
        for key in node.audit.silenced(now: time, told: { node.hub.told($0)?.position }) { try heal(key, node) }
        let due = node.audit.due { !node.hub.subscribers(of: $0).isEmpty }
        let told = due.map { node.hub.told($0) }
        guard !due.isEmpty,
            let found = try? await failingWithoutScripts({
                try await channels.register(due.channels, known: known(among: due, node), node: node.name)
            })
        else { return }
        for (index, registration) in found.enumerated() {
            note(registration, of: due[index], node)
            if let told = told[index] {
                if !registration.wasRegistered {
                    try heal(due[index], node)
                } else if registration.newest > told.position {
                    node.audit.suspect(due[index], mustHear: registration.newest, now: time)
                }
            }
        }
    }

    func note(_ registration: ChannelRegistration, of key: LogKey, _ node: WalkNode) {
        let partition = channels.partition(of: [key].channels[0])
        node.trackers[partition].note(
            key, number: registration.partition.number, epoch: registration.partition.cursor.epoch)
    }

    func known(among keys: [LogKey], _ node: WalkNode) -> Set<LogKey> {
        Set(keys.flatMap { node.trackers[channels.partition(of: [$0].channels[0])].known(among: [$0]) })
    }

    private func heal(_ key: LogKey, _ node: WalkNode) throws {
        tally.healed += 1
        guard node.tampered.contains(key) || node.isFlushed[channels.partition(of: [key].channels[0])] else {
            throw TimelinesFailure(description: "\(key): an audit had to find what was missed")
        }
        miss([key], on: node)
    }
}
