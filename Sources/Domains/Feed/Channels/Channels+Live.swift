public import Core
public import Live
import RedisLink

/// What realtime nodes need, in the forms of `Timelines+Live`: for the thread of the Redis link's own loop, and async. Calls
/// from one thread are carried out in their order.
extension Channels {
    public typealias Completion<T> = Timelines.Completion<T>

    /// The node has subscribers of these channels: from now on it is told of them. Subscribe the partition's channel
    /// before. To be said again for each before `Options.life` has passed, which is also how a node finds out that it is
    /// not registered any more. The answers come in the order of the channels.
    /// - Parameter known: see `Timelines.register`.
    public func register(
        _ channels: [ChannelName], known: Set<LogKey> = [], node: NodeName
    ) async throws -> [ChannelRegistration] {
        try await timelines.onLoop { registerOnLoop(channels, known: known, node: node, $0) }
    }

    public func registerOnLoop(
        _ channels: [ChannelName], known: Set<LogKey> = [], node: NodeName,
        _ completion: @escaping Completion<[ChannelRegistration]>
    ) {
        let calls = presence(scripts.listen, channels, node) { known.contains(.channel($0)) }
        timelines.redis.evalOnLoop(calls) { result in
            completion(Timelines.each(result, Self.registration))
        }
    }

    /// The node has no subscribers of them any more.
    public func unregister(_ channels: [ChannelName], node: NodeName) async throws {
        try await timelines.onLoop { unregisterOnLoop(channels, node: node, $0) }
    }

    public func unregisterOnLoop(
        _ channels: [ChannelName], node: NodeName, _ completion: @escaping Completion<Void>
    ) {
        timelines.redis.evalOnLoop(presence(scripts.unlisten, channels, node)) { result in
            completion(Timelines.each(result, Timelines.state).map { _ in })
        }
    }

    /// What a subscriber has missed. Register first.
    /// - Parameter cursor: that it holds; `nil`: none, so there are no events to recover, but a state.
    public func recover(_ channel: ChannelName, from cursor: LiveCursor?) async throws -> ChannelRecovery {
        try await timelines.onLoop { recoverOnLoop(channel, from: cursor, $0) }
    }

    public func recoverOnLoop(
        _ channel: ChannelName, from cursor: LiveCursor?, _ completion: @escaping Completion<ChannelRecovery>
    ) {
        let position: [RedisArgument] = [
            .text(cursor?.epochName ?? ""), .number(cursor?.position ?? 0), timelines.candidate(),
        ]
        timelines.redis.evalOnLoop([call(scripts.recover, channel, position)]) { result in
            completion(
                Timelines.each(result) { (reply) throws(RedisError) in try Self.recovery(reply, channel) }
                    .map { $0[0] })
        }
    }

    /// From now on what happens there is kept, as if somebody had just been subscribed.
    /// - Returns: a position: who comes with it is told what has happened since.
    public func open(_ channel: ChannelName) async throws -> LiveCursor {
        let reply = try await timelines.redis.eval(call(scripts.open, channel, [timelines.candidate(), life]))
        return try Timelines.cursor(Timelines.elements(reply, atLeast: 2))
    }

    /// Those of these users with a connection that listens to their notifications now, or did until a few seconds ago. A call for each
    /// partition that they are in.
    public func notified(among users: Set<ID>) async throws -> Set<ID> {
        let most = timelines.options.usersPerCall
        let asked = Dictionary(grouping: users) { timelines.partitions.of($0) }.flatMap { partition, users in
            stride(from: 0, to: users.count, by: most).map { (partition, users[$0..<min($0 + most, users.count)]) }
        }
        let calls = asked.map { partition, users in
            timelines.call(
                scripts.present, partition, users.map { .text(ChannelName.notifications(of: $0).description) })
        }
        var found: Set<ID> = []
        for (reply, (_, users)) in zip(try await timelines.redis.eval(calls), asked) {
            for (user, answer) in zip(users, try Timelines.elements(reply, atLeast: users.count))
            where answer == .integer(1) {
                found.insert(user)
            }
        }
        return found
    }

    /// On the loop, for the calls name the connection that they go over.
    private func presence(
        _ script: RedisScript, _ channels: [ChannelName], _ node: NodeName,
        isKnown: (ChannelName) -> Bool = { _ in false }
    ) -> [RedisScriptCall] {
        let connection = Int64(timelines.redis.connectionNumber)
        return channels.map {
            call(
                script, $0,
                [
                    .text(node.description), timelines.candidate(), life, .number(connection),
                    .number(isKnown($0) ? 1 : 0),
                ])
        }
    }

    // MARK: Replies

    private static func registration(_ reply: RedisReply) throws(RedisError) -> ChannelRegistration {
        let elements = try Timelines.elements(reply, atLeast: 5)
        guard let newest = elements[4].integer else { throw .unexpectedReply("a channel's last position") }
        return ChannelRegistration(partition: try Timelines.state(reply), newest: newest)
    }

    private static func recovery(
        _ reply: RedisReply, _ channel: ChannelName
    ) throws(RedisError) -> ChannelRecovery {
        let elements = try Timelines.elements(reply, atLeast: 4)
        let events = elements.dropFirst(4).reversed().compactMap { element in
            element.bytes.flatMap { ChannelEvent(stored: $0, of: channel) }
        }
        return ChannelRecovery(
            missed: elements[2] == .integer(3) ? events : nil,
            state: elements[3].bytes.flatMap { ChannelState(stored: $0, of: channel) },
            cursor: try Timelines.cursor(elements))
    }
}
