import Core
import Live

@testable import Feed
@testable import RedisLink

/// What goes wrong in a walk, and how it is put right.
extension TimelinesWalk {
    /// Epoch and index of the partition that a call went to.
    func state(of call: RedisScriptCall) async throws -> (index: Int, epoch: UInt64) {
        guard case .text(let clock) = call.keys[0], let index = (0..<2).first(where: { clock.hasSuffix(".\($0)}") })
        else {
            throw TimelinesFailure(description: "the key of a call")
        }
        let name = try await timelines.redis.command("GET", .text("\(timelines.options.prefix)epoch:{2.\(index)}"))
        return (index, name.text.flatMap(LiveCursor.epoch(named:)) ?? 0)
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
        for fault in [drop, flush, tamper, leave, { self.deafen() }].shuffled(using: &random).prefix(1) {
            try await fault()
        }
        for author in authors { try await deliverAll(of: post(by: author).author) }
        if chance(50) { try await lose() }
        if chance(50) { try await rebuildElsewhere() }
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
        guard let index = nodes.indices.randomElement(using: &random) else { return }
        let gone = nodes[index]
        if !gone.isAway { try await inbox.shut(gone.channels(timelines)) }
        for client in clients where client.node === gone {
            (client.node, client.subscriber, client.reading) = (nil, nil, nil)
        }
        nodes[index] = try await WalkNode(timelines, inbox, rules)
    }

    /// Redis loses everything. A node that has heard nothing yet can't tell it by the numbers: they begin anew.
    func flush() async throws {
        if chance(50) {
            try await vanish()
            for client in clients where client.node == nil {
                connect(client)
                for _ in 0..<3 { try await advance(client) }
            }
        }
        _ = try await timelines.redis.command("FLUSHALL")
        wasFlushed = true
        for node in nodes { node.isFlushed = [true, true] }
        for user in users { severed[user] = [] }
    }

    /// A node's registration is removed behind its back.
    func tamper() async throws {
        guard let client = one(clients.filter(\.isLive)) else { return }
        let tag = timelines.tag(timelines.partitions.of(client.user))
        let key = RedisArgument.text("\(timelines.options.prefix)online:\(tag)")
        _ = try await timelines.redis.command("HDEL", key, .text("\(client.user)"))
        for node in nodes { node.tampered.insert(.feed(of: client.user)) }
        guard chance(50), let author = one(follows[client.user]!.sorted()) else { return }
        // What is missed now is followed by what is heard: another client of the user brings the registration back.
        try await deliverAll(of: post(by: author).author)
        let other = WalkClient(user: client.user, walk: self)
        clients.append(other)
        connect(other, to: client.node)
        try await advance(other)
    }

    /// A node hears nothing for a while; Redis takes its users' registrations away when it tells them something.
    func leave() async throws {
        guard let node = one(nodes) else { return }
        if !node.isAway {
            try await inbox.sync()
            fetch(node)
            try await inbox.shut(node.channels(timelines))
            for partition in 0..<2 { node.trackers[partition].lost() }
            node.isAway = true
        } else {
            try await comeBack(node)
        }
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

    /// Redis forgets the scripts: whoever asks first loses the link.
    func forgetScripts() async throws {
        _ = try await timelines.redis.command("SCRIPT", "FLUSH")
        isWithoutScripts = true
        defer { isWithoutScripts = false }
        for _ in 0..<Int.random(in: 1...3, using: &random) {
            if chance(80) { try await advance() } else { try await recover(one(nodes)!) }
        }
        while (try? await timelines.page(users[0], limit: 1)) == nil {
            try await timelines.redis.waitUntilConnected(milliseconds: 5000)
        }
    }

    /// What a node asks of Redis, and what may fail.
    func failingWithoutScripts<T>(_ body: () async throws -> T) async throws -> T {
        do {
            let value = try await body()
            // It was done, and the reply came too late.
            if !isSettling, Int.random(in: 0..<1000, using: &random) < roughness.forget { throw WithoutScripts() }
            return value
        } catch is RedisError {
            throw WithoutScripts()
        }
    }

    func orWithoutScripts(_ body: () async throws -> Void) async throws {
        do { try await body() } catch is RedisError {}
    }

    /// A timeline goes: dropped on purpose, or by Redis, which tells nobody.
    func drop() async throws {
        guard let user = one(users) else { return }
        if Bool.random(using: &random) {
            try await timelines.evict(user)
        } else {
            _ = try await timelines.redis.command("DEL", .text(timelines.listKey(user)))
            if chance(50), let author = one(follows[user]!.sorted()) {
                try await deliverAll(of: post(by: author).author)
            }
            if chance(50) { try await rebuild(user) }
        }
    }

    // MARK: Rebuilds

    /// A read over REST finds no timeline.
    func rebuildElsewhere() async throws {
        if let user = one(users) { try await rebuild(user) }
    }

    func rebuild(_ user: ID) async throws {
        guard !isInRebuild else { return }
        isInRebuild = true
        defer { isInRebuild = false }
        try await timelines.ensure(user) {
            count(\.rebuilds)
            let snapshot = snapshot(of: user)
            try await meanwhile(user)
            if chance(25), !isSettling { try await overtake(user) }
            return snapshot
        }
    }

    /// Another builder takes over, or builds a timeline that was dropped meanwhile, and dies before its end.
    private func overtake(_ user: ID) async throws {
        if chance(60) { try await timelines.evict(user) }
        guard try await timelines.begin(user, token: "other", patience: 0) == .begun else { return }
        let snapshot = snapshot(of: user)
        try await meanwhile(user)
        if chance(40) { _ = try await timelines.merge(user, token: "other", snapshot) }
    }

    private func snapshot(of user: ID) -> RebuildEntries {
        let all = database[user]!.map { RebuildEntries.Entry(post: $0.key, author: $0.value) }
            .sorted { $0.post > $1.post }
        let some = Array(all.prefix(10))
        return RebuildEntries(entries: some, completeFrom: some.count < all.count ? some.last!.post : .zero)
    }

    // MARK: Edges

    func follow() async throws {
        guard let user = one(users), let author = one(authors) else { return }
        if follows[user]!.contains(author) { return try await unfollow(user, author) }
        follows[user]!.insert(author)
        // A post after the follow is delivered too; the backfill may find it before.
        if chance(50) { post(by: author) }
        let all = posts.values.filter { $0.author == author && !$0.isDeleted }.map(\.id).sorted(by: >)
        for post in all { database[user]![post] = author }
        severed[user]!.remove(author)
        try await timelines.join(user, to: author)
        let some = all.prefix(6)
        try await timelines.backfill(
            user,
            RebuildEntries(
                entries: some.map { .init(post: $0, author: author) },
                completeFrom: all.count > 6 ? all[5] : .zero))
    }

    func unfollow(_ user: ID, _ author: ID) async throws {
        guard follows[user]!.remove(author) != nil else { return }
        unfollowed.insert([user, author])
        severed[user]!.insert(author)
        database[user] = database[user]!.filter { $0.value != author }
        try await timelines.sever(user, from: author)
    }
}
