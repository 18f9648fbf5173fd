public import Core
public import Live
public import RedisLink

/// What realtime nodes need. Each call has a form for the thread of the Redis link's own loop: no hop, a completion.
/// Calls from one thread are carried out in their order, so a node may register a user and resume its client in one
/// go.
extension Timelines {
    public typealias Completion<T> = (Result<T, RedisError>) -> Void

    // MARK: Presence

    /// The node holds clients of these users: from now on it is told of their events. Subscribe the channel before.
    /// The states come in the order of the users.
    /// - Parameter known: those that the node takes for registered. Where one is not, the node's messages have a gap from
    ///   there on, whatever becomes of the reply.
    public func register(
        _ users: [ID], known: Set<LogKey> = [], node: NodeName
    ) async throws -> [PartitionState] {
        try await onLoop { registerOnLoop(users, known: known, node: node, $0) }
    }

    public func registerOnLoop(
        _ users: [ID], known: Set<LogKey> = [], node: NodeName, _ completion: @escaping Completion<[PartitionState]>
    ) {
        let calls = presence(scripts.register, users, node) { known.contains(.feed(of: $0)) }
        redis.evalOnLoop(calls) { completion(Self.each($0, Self.state)) }
    }

    /// The node holds none of their clients any more.
    public func unregister(_ users: [ID], node: NodeName) async throws {
        try await onLoop { unregisterOnLoop(users, node: node, $0) }
    }

    public func unregisterOnLoop(_ users: [ID], node: NodeName, _ completion: @escaping Completion<Void>) {
        redis.evalOnLoop(presence(scripts.unregister, users, node)) { result in
            completion(Self.each(result, Self.state).map { _ in })
        }
    }

    /// On the loop, for the calls name the connection that they go over.
    private func presence(
        _ script: RedisScript, _ users: [ID], _ node: NodeName, isKnown: (ID) -> Bool = { _ in false }
    ) -> [RedisScriptCall] {
        let connection = Int64(redis.connectionNumber)
        return users.map { user in
            call(
                script, of: user,
                [
                    .text(node.description), candidate(), .number(Int64(options.life)), .number(connection),
                    .number(isKnown(user) ? 1 : 0),
                ])
        }
    }

    func onLoop<T: Sendable>(
        _ body: @escaping @Sendable (@escaping Completion<T>) -> Void
    ) async throws -> T {
        try await withCheckedThrowingContinuation { continuation in
            redis.loop.post(
                { body { continuation.resume(with: $0) } },
                orElse: { continuation.resume(throwing: RedisError.closed) })
        }
    }

    /// Sends a probe to the node's own channels, one for each partition: each second for those with clients. An epoch
    /// or number that is not the expected one, or no subscriber, tells that something was missed.
    public func beat(node: NodeName, partitions: [Int]) async throws -> [Beat] {
        try await redis.eval(beats(node, partitions)).map(Self.beat)
    }

    public func beatOnLoop(node: NodeName, partitions: [Int], _ completion: @escaping Completion<[Beat]>) {
        redis.evalOnLoop(beats(node, partitions)) { completion(Self.each($0, Self.beat)) }
    }

    private func beats(_ node: NodeName, _ partitions: [Int]) -> [RedisScriptCall] {
        partitions.map { call(scripts.beat, $0, [.text(node.description), candidate()]) }
    }

    /// Timelines that are in use live on: once a day for users who stay connected.
    public func touch(_ users: [ID]) async throws {
        let life = RedisArgument.number(Int64(options.life))
        for start in stride(from: 0, to: users.count, by: 1000) {
            let some = users[start..<min(start + 1000, users.count)]
            _ = try await redis.pipeline(some.map { ["EXPIRE", .text(listKey($0)), life] })
        }
    }

    func listKey(_ user: ID) -> String {
        "\(options.prefix)tl:\(tag(partitions.of(user))):\(user)"
    }

    // MARK: Resume

    /// What a client of this user that holds the cursor has missed. Register first.
    public func resume(_ user: ID, from cursor: LiveCursor) async throws -> ResumeResult {
        let position: [RedisArgument] = [.text(cursor.epochName), .number(cursor.position)]
        let reply = try await redis.eval([call(scripts.resume, of: user, position + [candidate()])])[0]
        return try Self.resumed(reply, from: cursor)
    }

    // MARK: Audit

    /// What live clients of these users must have been told, by what they were told. The findings come in the order of the
    /// users.
    public func audit(_ told: [(user: ID, cursor: LiveCursor)], node: NodeName) async throws -> [AuditFinding] {
        try await redis.eval(audits(told, node)).map(Self.finding)
    }

    public func auditOnLoop(
        _ told: [(user: ID, cursor: LiveCursor)], node: NodeName, _ completion: @escaping Completion<[AuditFinding]>
    ) {
        redis.evalOnLoop(audits(told, node)) { completion(Self.each($0, Self.finding)) }
    }

    private func audits(_ told: [(user: ID, cursor: LiveCursor)], _ node: NodeName) -> [RedisScriptCall] {
        told.map { user, cursor in
            call(
                scripts.audit, of: user,
                [.text(node.description), .text(cursor.epochName), .number(cursor.position), candidate()])
        }
    }

    private static func finding(_ reply: RedisReply) throws(RedisError) -> AuditFinding {
        let elements = try elements(reply, atLeast: 4)
        return AuditFinding(isRegistered: elements[2].integer == 1, newest: elements[3].integer ?? 0)
    }

    // MARK: Replies

    static func each<T>(
        _ result: Result<[RedisReply], RedisError>, _ read: (RedisReply) throws(RedisError) -> T
    ) -> Result<[T], RedisError> {
        result.flatMap { replies in
            Result { () throws(RedisError) in
                var values: [T] = []
                for reply in replies { values.append(try read(reply)) }
                return values
            }
        }
    }

    static func state(_ reply: RedisReply) throws(RedisError) -> PartitionState {
        let elements = try elements(reply, atLeast: 3)
        return PartitionState(
            cursor: try cursor(elements), number: elements[2].integer ?? 0,
            wasRegistered: elements.count > 3 && elements[3].integer == 1)
    }

    private static func beat(_ reply: RedisReply) throws(RedisError) -> Beat {
        let subscribers = try elements(reply, atLeast: 4)[3].integer ?? 0
        return Beat(state: try state(reply), subscribers: Int(subscribers))
    }

    private static func resumed(_ reply: RedisReply, from held: LiveCursor) throws(RedisError) -> ResumeResult {
        let elements = try elements(reply, atLeast: 3)
        let cursor = try cursor(elements)
        switch elements[2].integer {
        case 0: return .missing
        case 1: return .building
        case 2: return .reset(cursor)
        default:
            guard let noted = elements.dropFirst(3).first?.bytes else { throw .unexpectedReply("what else happened") }
            let missed = try entries(elements.dropFirst(4)).filter { entry in entry.position > held.position }
            let changes = NotedChange.all(in: noted).filter { $0.position > held.position }
            return .missed(missed.sorted { $0.position < $1.position }, changes, cursor)
        }
    }
}
