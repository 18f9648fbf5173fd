public import Core
public import RedisLink

/// A Redis that goes back in time, started from an old snapshot or followed by a replica that was behind, is made one that lost
/// everything: all its keys are dropped, live clients read anew, and timelines are built when they are read.
extension Timelines {
    /// Keys that a step looks at; Redis serves nobody else meanwhile (about 10 ms).
    private static let keysOfDrop: RedisArgument = "10000"

    /// What each link asks first (`enter.lua`).
    /// - Parameter prefix: as of the timelines' options.
    public static func entry(_ partitions: Partitions, prefix: String = "") -> RedisEntry {
        let rewinds = Rewinds.shared
        return RedisEntry(entering(partitions, prefix)) { reply in
            if reply == .integer(2) { rewinds.count() }
            return reply != .integer(0)
        }
    }

    /// For a Redis that has all its data behind a restart: it is taken for the one that wrote them. A command, as a line,
    /// about the key that `dataset.lua` names `run`.
    public static let vouching =
        "EVAL \"if redis.call('EXISTS', KEYS[1]) == 1 then "
        + "redis.call('SET', KEYS[1], string.match(redis.call('INFO', 'server'), 'run_id:(%w+)')) end\" 1 run"

    /// Milliseconds: several processes find the same loss.
    private static let timeOfRenewal: RedisArgument = "1000"

    /// Has all live clients read anew: something that should have come here was lost on its way.
    public func renew() async throws {
        let replies = try await redis.eval(
            (0..<partitions.count).map { call(scripts.renew, $0, [candidate(), Self.timeOfRenewal]) })
        for case .error(let text) in replies { throw RedisError.server(text) }
    }

    /// Takes note of topics of the event log. It is lost with the positions that a loss would make worthless.
    /// - Returns: those of which note was taken before.
    public func remember(topics: [String]) async throws -> Set<String> {
        let key: RedisArgument = .text(options.prefix + "topics")
        let replies = try await redis.pipeline(topics.map { ["SADD", key, .text($0)] })
        for case .error(let text) in replies { throw RedisError.server(text) }
        return Set(zip(topics, replies).filter { $0.1 == .integer(0) }.map(\.0))
    }

    private static func entering(_ partitions: Partitions, _ prefix: String) -> RedisScriptCall {
        shipped.enter(keys: [.text("\(prefix)clock:\(tag(0, of: partitions))")], [keysOfDrop])
    }

    /// Moves the mark.
    /// - Parameter recorded: the highest that Redis has acknowledged.
    /// - Returns: the mark now; `nil`: Redis had gone back, and everything was dropped.
    func move(mark recorded: Int64) async throws -> Int64? {
        let reply = try await redis.eval(call(Self.shipped.mark, 0, [.number(recorded)]))
        guard let mark = reply.integer else { throw RedisError.unexpectedReply("mark") }
        guard mark == 0 else { return mark }
        while true {
            try Task.checkCancellation()
            switch try await redis.eval(Self.entering(partitions, options.prefix)) {
            case .integer(0): continue
            case .integer(2): Rewinds.shared.count()
            default: break
            }
            return nil
        }
    }

    /// How often, and when.
    private final class Rewinds: Sendable {
        static let shared = Rewinds()
        private let total = Metrics.shared.counter(.rewound)
        private let time = Metrics.shared.gauge(.rewoundAt)

        func count() {
            total.add()
            time.set(Int(SystemClock().milliseconds() / 1000))
            Log.warning(.redisRewound)
        }
    }
}
