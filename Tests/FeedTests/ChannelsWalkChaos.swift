import Core
import Live

@testable import Feed
@testable import RedisLink

/// What goes wrong in a walk over channels, and how it is put right.
extension ChannelsWalk {
    /// Redis loses everything. A node that has heard nothing yet can't tell it by the numbers: they begin anew.
    func flush() async throws {
        if chance(50) {
            try await vanish()
            for client in clients where client.node == nil {
                connect(client)
                for _ in 0..<3 { try await advance(client) }
            }
        }
        _ = try await redis.command("FLUSHALL")
        for node in nodes { node.isFlushed = [true, true] }
        forget(nil)
    }

    func forgetScripts() async throws {
        _ = try await redis.command("SCRIPT", "FLUSH")
        try await advance()
    }

    /// A log expires, or Redis drops it though somebody is there.
    func dropLog() async throws {
        guard let channel = one(names) else { return }
        let isHeard = try await redis.command("HEXISTS", .text(channels.heardKey(channel)), .text("\(channel)"))
        guard isHeard == .integer(0) || Int.random(in: 0..<4, using: &random) == 0 else { return }
        _ = try await redis.command("DEL", .text(channels.key("o", channel)))
        for node in nodes { node.tampered.insert(.channel(channel)) }
        forget(channel)
    }

    /// Registrations are removed behind the nodes' backs.
    func strike() async throws {
        guard let channel = one(names) else { return }
        _ = try await redis.command("HDEL", .text(channels.heardKey(channel)), .text("\(channel)"))
        for node in nodes { node.tampered.insert(.channel(channel)) }
        guard chance(75), let live = one(clients.filter { $0.isLive && $0.channel == channel }) else { return }
        // What is missed now is followed by what is heard: another client brings the registration back.
        for _ in 0..<3 { try await bring(atLeast: 1) }
        let other = ChannelsWalkClient(channel, self)
        clients.append(other)
        connect(other, to: live.node)
        try await advance(other)
    }

    /// A message is lost on its way.
    func lose() async throws {
        try await inbox.sync()
        for node in nodes { fetch(node) }
        let waiting = nodes.flatMap { node in (0..<2).map { (node, $0) } }.filter { !$0.queues[$1].isEmpty }
        guard let (node, partition) = one(waiting) else { return }
        node.queues[partition].remove(at: Int.random(in: node.queues[partition].indices, using: &random))
    }

    /// A node is killed; another takes its place, and the clients find themselves offline.
    func vanish() async throws {
        let index = Int.random(in: nodes.indices, using: &random)
        let gone = nodes[index]
        if !gone.isAway { try await inbox.shut(gone.channels(timelines)) }
        for client in clients where client.node === gone { client.leave() }
        nodes[index] = try await WalkNode(timelines, inbox, rules)
    }

    /// A node hears nothing for a while; Redis takes its registrations away when it tells something.
    func leave() async throws {
        guard let node = one(nodes) else { return }
        guard !node.isAway else { return try await comeBack(node) }
        try await inbox.sync()
        fetch(node)
        try await inbox.shut(node.channels(timelines))
        for partition in 0..<2 { node.trackers[partition].lost() }
        node.isAway = true
    }

    func comeBack(_ node: WalkNode) async throws {
        // What had arrived before is of the link that was lost.
        if chance(50) { node.queues = [[], []] }
        try await inbox.open(node.channels(timelines))
        node.isAway = false
        for partition in 0..<2 { update(node, partition) { $0.subscribed() } }
    }

    /// What is published to a node of one partition is taken by the network, and does not arrive; or it does again.
    func deafen() {
        guard let node = one(nodes) else { return }
        node.isDeaf[Int.random(in: 0..<2, using: &random)].toggle()
    }

    /// All clients lose their connections and come back.
    func stampede() async throws {
        for client in clients { try await disconnect(client) }
        for client in clients { connect(client) }
    }

    /// A client reads nothing for a while, or reads again.
    func stall() async throws {
        guard let client = one(clients.filter { $0.node != nil }) else { return }
        guard !client.isBacklogged, chance(60) else { return drain(client) }
        client.isBacklogged = true
        // So much that it is too much.
        guard chance(50), let node = client.node else { return }
        for _ in 0..<8 { try await bring(atLeast: 1) }
        try await pump(node, limit: .max)
    }

    func drain(_ client: ChannelsWalkClient) {
        client.isBacklogged = false
        update(client) { $0.drained(now: time) }
    }

    /// What goes wrong last is not healed by what comes later. Most clients are live then, some have read and are not told.
    func failOnceMore() async throws {
        for client in clients {
            if client.isBacklogged { drain(client) }
            for _ in 0..<4 where client.reading != nil { try await advance(client) }
            guard chance(30) else { continue }
            try await disconnect(client)
            connect(client)
            for _ in 0..<2 { try await advance(client) }
        }
        for fault in [strike, flush, leave, { self.deafen() }].shuffled(using: &random).prefix(1) { try await fault() }
        for _ in 0..<4 { try await bring(atLeast: 1) }
        if chance(50) { try await lose() }
    }

    /// All that waits is brought; nodes hear it; clients are up to date.
    func settle() async throws {
        isSettling = true
        for index in sources.indices {
            while sources[index].next < sources[index].events.count { try await bring(from: index) }
        }
        for node in nodes where node.isAway { try await comeBack(node) }
        for round in 0..<50 {
            time += 6_000_000_000
            for node in nodes {
                for _ in 0..<3 { try await recover(node) }
                try await beat(node)
                try await pump(node, limit: .max)
            }
            for client in clients {
                if client.isBacklogged { drain(client) }
                for _ in 0..<20 where client.reading != nil { try await advance(client) }
            }
            // What else finds what is missing comes first.
            if round > 1 { for node in nodes { try await audit(node) } }
            if clients.allSatisfy({ $0.isLive || $0.node == nil }), round > 3 { return try checkEnd() }
        }
        throw TimelinesFailure(description: "the walk does not come to rest")
    }

    private func checkEnd() throws {
        guard inbox.unreadable == 0 else { throw TimelinesFailure(description: "a message that can't be read") }
        try checkWritten()
        for client in clients where client.node != nil { try checkComplete(client) }
    }
}
