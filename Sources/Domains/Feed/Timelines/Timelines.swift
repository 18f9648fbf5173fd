public import Core
import Live
public import RedisLink

/// The timelines in Redis: who reads what, newest first, and how live clients learn of changes without a gap.
///
/// The rules are in the scripts. A list holds entries in the order of post ids. An entry's position says when it
/// last changed; what changed elsewhere than at the head is noted for its user. So a client that holds a position
/// reads from the head down to the first entry that is not newer, or the whole list if the note is newer than its
/// position. Nodes register a user first and read second, and drop what comes live with a position that the read
/// has covered: an event falls to one of the two, never between.
///
/// The state may be lost at any time (another epoch) and is rebuilt from the database. A Redis that has gone back in time is
/// noticed, and is made one that lost all (`Timelines.entry`, `RedisMark`).
public struct Timelines: Sendable {
    public struct Options: Sendable {
        /// Entries that a timeline keeps.
        public var cap = 800
        /// What else happened to a feed: how many of them are kept.
        public var changes = 50
        /// Seconds that a timeline lives without being read or registered.
        public var life = 14 * 86_400
        /// Seconds for which deliveries that are under way are refused after an unfollow.
        public var severance = 3600
        /// Users in one call of a script; Redis serves nobody else meanwhile (about 4 ms for 500).
        public var usersPerCall = 500
        /// Events times users in calls that are carried out together (about 15 ms for 2,000).
        public var deliveriesTogether = 2000
        /// Milliseconds for which a reader waits for another's rebuild before it starts one of its own.
        public var buildWait = 2000
        /// Milliseconds after which a builder that does not finish is taken for dead by all.
        public var buildPatience = 10_000
        /// Before all keys and channels: for several installations, or tests, in one Redis. Without braces.
        public var prefix = ""
        /// The form in which events are told to nodes, asked for at each delivery.
        public var form: @Sendable () -> NodeMessage.Form = { .operations }

        public init() {}
    }

    private static let pipelineLength = 64

    public let redis: Redis
    public let partitions: Partitions
    public let options: Options
    let scripts: TimelineScripts

    /// - Parameter redis: a link whose options have `Timelines.scripts`.
    public init(redis: Redis, partitions: Partitions, options: Options = Options()) {
        self.init(redis: redis, partitions: partitions, options: options, scripts: Self.shipped)
    }

    static let shipped = TimelineScripts()
    /// What a link must have among its options.
    public static let scripts = shipped.all

    init(redis: Redis, partitions: Partitions, options: Options, scripts: TimelineScripts) {
        precondition(options.cap > 0 && (1...5000).contains(options.usersPerCall), "timelines: options")
        self.redis = redis
        self.partitions = partitions
        self.options = options
        self.scripts = scripts
        // The count is there before the first of them.
        _ = Self.skipped
    }

    /// The channel on which a node hears of a partition.
    public func channel(partition: Int, node: NodeName) -> String {
        "\(options.prefix)node:\(tag(partition)):\(node)"
    }

    // MARK: Delivery

    /// Writes an event into the timelines of users and tells the nodes that hold them, partition by partition.
    ///
    /// May be repeated: a post that is there already, or deleted already, changes nothing and is told to nobody. An
    /// update is told again. After an error some of the users may have it: repeat the whole.
    public func deliver(
        _ event: TimelineEvent, to users: [ID], as audience: DeliveryAudience = DeliveryAudience()
    ) async throws -> DeliveryCounts {
        var counts = DeliveryCounts()
        let calls = deliveries(event, users, options.usersPerCall, as: audience)
        // Not all at once: the deadline of a pipeline and the memory for it are meant for what Redis does in a moment.
        for start in stride(from: 0, to: calls.count, by: Self.pipelineLength) {
            for reply in try await redis.eval(Array(calls[start..<min(start + Self.pipelineLength, calls.count)])) {
                try counts.add(reply)
            }
        }
        return counts
    }

    /// The same of several events for the same users: those of one user are told to nodes together, in this order.
    public func deliver(
        _ events: [TimelineEvent], to users: [ID], as audience: DeliveryAudience = DeliveryAudience()
    ) async throws -> [DeliveryCounts] {
        guard events.count > 1 else { return [try await deliver(events[0], to: users, as: audience)] }
        var counts = Array(repeating: DeliveryCounts(), count: events.count)
        let size = max(1, options.deliveriesTogether / events.count)
        let calls = events.map { deliveries($0, users, size, as: audience) }
        let groups = calls[0].indices.map { index in calls.map { $0[index] } }
        let length = max(1, Self.pipelineLength / events.count)
        for start in stride(from: 0, to: groups.count, by: length) {
            for replies in try await redis.eval(together: Array(groups[start..<min(start + length, groups.count)])) {
                for (index, reply) in replies.enumerated() { try counts[index].add(reply) }
            }
        }
        return counts
    }

    /// Brings a post to its author, whose feed has it before the fan-out comes with it; nothing happens while the
    /// author's post before it is still on its way.
    /// - Parameter previous: the author's post before; `.zero`: there is none.
    public func deliverToAuthor(_ event: TimelineEvent, after previous: ID) async throws {
        _ = try await redis.eval(deliveries(event, [event.author], 1, after: .number(previous.raw)))
    }

    /// Writes down what happened to a user's feed and tells the nodes that hold the user. By name always
    /// (`NodeMessageForm.envelopes`): a node of an earlier version passes over it, and tells its clients nothing.
    /// - Parameters:
    ///   - since: microseconds since 1970, before the change: nothing is done where the same was told after that.
    ///   - late: told late, when something else may have been told meanwhile. A position, microseconds since 1970: a timeline
    ///     that was made then or later knows of the change.
    func note(
        _ change: FeedChange, in feeds: [ID], _ envelope: Envelope, since: Int64, late: Int64?
    ) async throws {
        let form = NodeMessageForm.envelopes
        let arguments: [RedisArgument] = [
            .bytes(change.bytes), .number(Int64(options.changes)), .number(since),
            late.map { .number($0) } ?? "", candidate(), .number(Int64(form.rawValue)),
            .bytes(form.payload(of: envelope)),
        ]
        for start in stride(from: 0, to: feeds.count, by: Self.pipelineLength) {
            let some = feeds[start..<min(start + Self.pipelineLength, feeds.count)]
            for reply in try await redis.eval(some.map({ call(scripts.change, of: $0, arguments) })) {
                _ = try Self.elements(reply, atLeast: 2)
            }
        }
    }

    /// - Parameter size: users of a call.
    func deliveries(
        _ event: TimelineEvent, _ users: [ID], _ size: Int, as audience: DeliveryAudience = DeliveryAudience(),
        after previous: RedisArgument = ""
    ) -> [RedisScriptCall] {
        let form = options.form()
        var audience = audience
        if event.operation == .deleted { audience.isTold = true }
        let head: [RedisArgument] = [
            .number(Int64(event.operation.rawValue)), .number(event.post.raw), .number(event.author.raw),
            .bytes(form.payload(of: event.envelope)), .number(Int64(options.cap)), candidate(), previous,
            .number(Int64(form.rawValue)), .number(audience.flags),
        ]
        var byPartition: [Int: [RedisArgument]] = [:]
        for user in users { byPartition[partitions.of(user), default: []].append(.number(user.raw)) }
        return byPartition.sorted { $0.key < $1.key }.flatMap { partition, users in
            stride(from: 0, to: users.count, by: size).map { start in
                let some = users[start..<min(start + size, users.count)]
                return call(scripts.deliver, partition, head + some)
            }
        }
    }

    // MARK: Calls and replies

    func call(_ script: RedisScript, _ partition: Int, _ arguments: [RedisArgument]) -> RedisScriptCall {
        script(keys: [.text("\(options.prefix)clock:\(tag(partition))")], arguments)
    }

    func call(_ script: RedisScript, of user: ID, _ arguments: [RedisArgument]) -> RedisScriptCall {
        call(script, partitions.of(user), [.number(user.raw)] + arguments)
    }

    func tag(_ partition: Int) -> String { Self.tag(partition, of: partitions) }

    /// Versions before know the first layout only.
    static func tag(_ partition: Int, of partitions: Partitions) -> String {
        partitions.layout == 1
            ? "{\(partitions.count).\(partition)}" : "{\(partitions.count).\(partition).\(partitions.layout)}"
    }

    /// The name of the partition's epoch, should it have none.
    func candidate() -> RedisArgument {
        .text(LiveCursor(epoch: .random(in: 0 ... .max), position: 0).epochName)
    }

    static func elements(_ reply: RedisReply, atLeast count: Int) throws(RedisError) -> [RedisReply] {
        switch reply {
        case .array(let elements) where elements.count >= count: return elements
        case .error(let text): throw .server(text)
        default: throw .unexpectedReply("a timeline script")
        }
    }

    /// Epoch and clock, with which most replies begin.
    static func cursor(_ elements: [RedisReply]) throws(RedisError) -> LiveCursor {
        guard let epoch = elements[0].text.flatMap(LiveCursor.epoch(named:)), let clock = elements[1].integer else {
            throw .unexpectedReply("epoch and clock")
        }
        return LiveCursor(epoch: epoch, position: clock)
    }

    /// The entries among elements; without markers, and without what a later version has written.
    static func entries(_ elements: some Sequence<RedisReply>) throws(RedisError) -> [TimelineEntry] {
        var entries: [TimelineEntry] = []
        for element in elements {
            switch element.bytes.map(TimelineEntry.read) {
            case .entry(let entry): if !entry.isMarker { entries.append(entry) }
            case .unknown(let what): skipped.addNameless(what, at: "a timeline")
            case .malformed, nil: throw .unexpectedReply("an entry")
            }
        }
        return entries
    }

    private static let skipped = SkippedEvents(.entry)
}

extension DeliveryCounts {
    fileprivate mutating func add(_ reply: RedisReply) throws(RedisError) {
        let elements = try Timelines.elements(reply, atLeast: 3)
        written += Int(elements[0].integer ?? 0)
        pushed += Int(elements[1].integer ?? 0)
        missing += Int(elements[2].integer ?? 0)
    }
}
