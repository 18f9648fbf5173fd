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
        try await inbox.shut(gone.channels(timelines))
        for client in clients where client.node === gone {
            client.state = .offline
            client.node = nil
        }
        nodes[index] = try await WalkNode(self)
    }

    /// Redis loses everything. A node that has heard nothing yet can't tell it by the numbers: they begin anew.
    func flush() async throws {
        if chance(50) {
            try await vanish()
            for client in clients where client.state == .offline {
                connect(client)
                for _ in 0..<3 { try await advance(client) }
            }
        }
        _ = try await timelines.redis.command("FLUSHALL")
        wasFlushed = true
        for user in users { severed[user] = [] }
    }

    /// A timeline goes: dropped on purpose, or by Redis, which tells nobody.
    func drop() async throws {
        guard let user = one(users) else { return }
        if Bool.random(using: &random) {
            try await timelines.evict(user)
        } else {
            _ = try await timelines.redis.command("DEL", .text(timelines.listKey(user)))
            if chance(50) { try await rebuild(user) }
        }
    }

    func beat(_ node: WalkNode) async throws {
        for beat in try await timelines.beat(node: node.name, partitions: [0, 1]) where beat.subscribers != 1 {
            throw TimelinesFailure(description: "a probe had \(beat.subscribers) subscribers")
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
