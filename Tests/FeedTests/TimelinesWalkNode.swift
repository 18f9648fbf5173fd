import Core
import Live
import RedisLink

@testable import Feed

/// A realtime node: hears messages and hands events to its clients. It does what the trackers and sessions of the shipped
/// code say, one step at a time.
final class WalkNode {
    let name = NodeName.random()
    let hub = Hub(cursors: CursorSigner(key: Array(0..<16))) { _, _, writer in writer.append("\n") }
    var trackers: [PartitionTracker]
    /// By partition: messages that arrived and are not looked at yet.
    var queues = [[NodeMessage]](repeating: [], count: 2)
    /// By partition: what a tracker wants to be registered.
    var registrations = [[LogKey]?](repeating: nil, count: 2)
    var isWaiting = [Bool](repeating: false, count: 2)
    var isAway = false
    /// By partition: nothing arrives.
    var isDeaf = [false, false]
    var audit = LiveAudit(seconds: 1)
    /// Whose registrations were removed behind its back, ever: what was missed meanwhile is found by nothing else.
    var tampered: Set<LogKey> = []
    /// By partition: Redis has lost everything since the last probe.
    var isFlushed = [false, false]

    init(_ timelines: Timelines, _ inbox: TimelinesInbox, _ rules: LiveRules) async throws {
        trackers = Array(repeating: PartitionTracker(rules: rules), count: 2)
        try await inbox.open(channels(timelines))
        for partition in 0..<2 { _ = trackers[partition].subscribed() }
    }

    func channels(_ timelines: Timelines) -> [String] {
        (0..<2).map { timelines.channel(partition: $0, node: name) }
    }
}

extension TimelinesWalk {
    // MARK: Messages

    func pump() async throws {
        if let node = one(nodes) { try await pump(node, limit: Int.random(in: 1...6, using: &random)) }
    }

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
        switch message.body {
        case .probe, .unknown, .channel: break
        case .event(let event):
            node.hub.deliver(SharedFrame(Self.publication(event, message.position)), toFeedsOf: event.recipients)
            miss(event.missing, on: node, before: message.position)
        case .reset(let users): miss(users, on: node, before: message.position)
        }
    }

    private static func publication(_ event: NodeEvent, _ position: Int64) -> Publication {
        let data = "[\(event.operation.rawValue),\(event.post!),\(event.author)]"
        return Publication(event: Array(data.utf8), type: "", position: position)
    }

    private func miss(_ users: [ID], on node: WalkNode, before position: Int64) {
        if omission == .reset, position != .max { return }
        for client in clients where client.node === node && users.contains(client.user) {
            update(client) { $0.miss(before: position, now: time) }
        }
    }

    // MARK: What its trackers want

    func update(_ node: WalkNode, _ partition: Int, _ change: (inout PartitionTracker) -> [PartitionTracker.Action]) {
        for action in change(&node.trackers[partition]) {
            switch action {
            case .miss(let keys):
                count(\.gaps)
                miss(keys.users, on: node, before: .max)
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
                let result = try? await failingWithoutScripts {
                    try await timelines.register(
                        keys.users, known: node.trackers[partition].known(among: keys), node: node.name)
                }
                update(node, partition) {
                    guard let result else { return $0.registrationFailed() }
                    return $0.registered(keys, number: result[0].number, epoch: result[0].cursor.epoch)
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

    /// Whoever is found must be one whose registration was removed behind its back: all else is found before.
    func audit(_ node: WalkNode) async throws {
        guard omission != .audit, !node.isAway else { return }
        for user in node.audit.silenced(now: time, told: { node.hub.told($0)?.position }).users { try heal(user, node) }
        let due = node.audit.due { !node.hub.subscribers(of: $0).isEmpty }.users
            .compactMap { user in node.hub.told(.feed(of: user)).map { (user: user, cursor: $0) } }
        guard let findings = try? await failingWithoutScripts({ try await timelines.audit(due, node: node.name) })
        else { return }
        for ((user, cursor), finding) in zip(due, findings) {
            if !finding.isRegistered {
                if node.hub.told(.feed(of: user)) != nil { try heal(user, node) }
            } else if finding.newest > cursor.position {
                node.audit.suspect(.feed(of: user), mustHear: finding.newest, now: time)
            }
        }
    }

    private func heal(_ user: ID, _ node: WalkNode) throws {
        guard node.tampered.contains(.feed(of: user)) || node.isFlushed[timelines.partitions.of(user)] else {
            throw TimelinesFailure(description: "user \(user): an audit had to find what was missed")
        }
        count(\.healed)
        miss([user], on: node, before: .max)
    }
}
