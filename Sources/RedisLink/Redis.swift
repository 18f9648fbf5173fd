import Core
public import Runtime
import Synchronization

/// A link to Redis for commands: one connection on a loop's thread, shared by all callers. It connects by itself and
/// again after a loss. Nothing is queued for better times: while the link is down, commands fail at once.
///
/// Replies come within the deadline, or the connection is dropped and all that is under way fails. A command whose
/// error says `mayHaveRun` may have been carried out: repeat only what may run twice. Commands are carried out in the
/// order in which they were given, as far as they are carried out: none is ever sent again by the link.
///
/// The process must ignore SIGPIPE (`Signals.block()`). Close the link before its loop is stopped: what is under way then
/// gets no reply.
public final class Redis: Sendable {
    public struct Options: Sendable {
        /// Milliseconds.
        public var connectTimeout = 2000
        /// Milliseconds from the sending to the last reply of a pipeline.
        public var commandTimeout = 2000
        /// How many commands may be under way.
        public var maxCommands = 16_384
        /// How many bytes of commands may be under way.
        public var maxBytes = 64 << 20
        /// Of the link, in metrics and logs.
        public var name = "commands"
        /// All that `eval` is called with. Redis knows them before any command of a caller.
        public var scripts: [RedisScript] = []
        /// `nil`: a connection is ready when it has logged in.
        public var entry: RedisEntry?

        public init() {}
    }

    public let loop: EventLoop
    let options: Options
    private let session: LoopBound<RedisSession>
    private let connected = Atomic<Bool>(false)
    /// Of the last attempt to connect.
    private let lastFailure = Mutex<RedisError?>(nil)
    private let commands = Atomic<Int>(0)
    private let bytes = Atomic<Int>(0)
    private let commandGauge: Gauge
    private let byteGauge: Gauge

    /// Starts to connect.
    /// - Parameter onConnect: called on the loop after each connect and login, before any command of a caller.
    public init(
        on loop: EventLoop, address: RedisAddress, options: Options = Options(),
        onConnect: @escaping @Sendable (Redis) -> Void = { _ in }
    ) async throws {
        self.loop = loop
        self.options = options
        commandGauge = Metrics.shared.queue("redis_\(options.name)", limit: options.maxCommands)
        byteGauge = Metrics.shared.queue("redis_\(options.name)_bytes", limit: options.maxBytes)
        let timing = RedisSession.Timing(connect: options.connectTimeout, command: options.commandTimeout)
        session = try await loop.run {
            .holding(
                RedisSession(
                    on: loop, address: address, name: options.name, timing: timing, scripts: options.scripts,
                    entry: options.entry),
                on: loop)
        }
        loop.post { [weak self] in self?.start(onConnect) }
    }

    private func start(_ onConnect: @escaping @Sendable (Redis) -> Void) {
        session.value.onUp = { [weak self] _ in
            guard let self else { return }
            connected.store(true, ordering: .releasing)
            onConnect(self)
        }
        session.value.onFailure = { [weak self] error in self?.lastFailure.withLock { $0 = error } }
        session.value.onDown = { [weak self] _ in self?.connected.store(false, ordering: .releasing) }
        session.value.start()
    }

    /// Is the link ready, as far as this side knows?
    public var isConnected: Bool { connected.load(ordering: .acquiring) }

    /// Waits until the link is ready: for the start of a process.
    /// - Parameter milliseconds: how long at most; then the reason of the last attempt is thrown, or at once where waiting
    ///   does not cure it.
    public func waitUntilConnected(milliseconds: Int) async throws {
        let deadline = monotonicNanoseconds() + UInt64(milliseconds) * 1_000_000
        while !isConnected {
            let failure = lastFailure.withLock { $0 }
            if let failure, !failure.isTemporary { throw failure }
            guard monotonicNanoseconds() < deadline else { throw failure ?? RedisError.notConnected }
            try await Task.sleep(nanoseconds: 5_000_000)
        }
    }

    /// Drops the connection for good; what is under way fails with `closed`.
    public func close() async {
        connected.store(false, ordering: .releasing)
        let session = session
        try? await loop.run { session.value.close() }
    }

    deinit {
        let session = session
        loop.post { session.value.close() }
    }

    // MARK: From any thread

    /// One command; an error reply is thrown.
    public func command(_ arguments: RedisArgument...) async throws(RedisError) -> RedisReply {
        let reply = try await pipeline([arguments])[0]
        if case .error(let text) = reply { throw .server(text) }
        return reply
    }

    /// Commands in one go; their replies in the same order. Error replies are among them, they are not thrown.
    public func pipeline(_ commands: [[RedisArgument]]) async throws(RedisError) -> [RedisReply] {
        guard !commands.isEmpty else { return [] }
        let bytes = Self.encode(commands)
        try admit(commands.count, bytes.count)
        let result = await withCheckedContinuation { continuation in
            loop.post(
                { [self] in sendAdmitted(bytes, replies: commands.count) { continuation.resume(returning: $0) } },
                orElse: { [self] in
                    release(commands.count, bytes.count)
                    continuation.resume(returning: .failure(.closed))
                })
        }
        return try result.get()
    }

    // MARK: On the loop

    /// Which connection commands go over that are sent now, counted from 1; 0 where there is none. What an old one still
    /// holds may reach Redis after what a newer one sends: `LiveNode`'s registrations carry it.
    public var connectionNumber: Int { session.value.ready == nil ? 0 : session.value.number }

    /// One command from the loop's own thread, without a hop. An error reply is a failure.
    public func commandOnLoop(
        _ arguments: [RedisArgument], _ completion: @escaping (Result<RedisReply, RedisError>) -> Void
    ) {
        pipelineOnLoop([arguments]) { result in
            completion(
                result.flatMap { replies in
                    if case .error(let text) = replies[0] { .failure(.server(text)) } else { .success(replies[0]) }
                })
        }
    }

    /// Commands in one go from the loop's own thread. The completion may be called before this returns.
    public func pipelineOnLoop(
        _ commands: [[RedisArgument]], _ completion: @escaping (Result<[RedisReply], RedisError>) -> Void
    ) {
        loop.assertCurrent()
        guard !commands.isEmpty else { return completion(.success([])) }
        let bytes = Self.encode(commands)
        do throws(RedisError) {
            try admit(commands.count, bytes.count)
        } catch {
            return completion(.failure(error))
        }
        sendAdmitted(bytes, replies: commands.count, completion)
    }

    private static func encode(_ commands: [[RedisArgument]]) -> [UInt8] {
        var writer = ByteWriter(capacity: 256)
        for command in commands { writer.append(command: command) }
        return writer.bytes
    }

    /// Counts the commands in, or refuses them.
    private func admit(_ count: Int, _ size: Int) throws(RedisError) {
        guard isConnected else { throw .notConnected }
        let nowCommands = commands.add(count, ordering: .relaxed).newValue
        let nowBytes = bytes.add(size, ordering: .relaxed).newValue
        if nowCommands > options.maxCommands || nowBytes > options.maxBytes {
            release(count, size)
            throw .overloaded
        }
        commandGauge.set(nowCommands)
        byteGauge.set(nowBytes)
    }

    private func release(_ count: Int, _ size: Int) {
        commandGauge.set(commands.subtract(count, ordering: .relaxed).newValue)
        byteGauge.set(bytes.subtract(size, ordering: .relaxed).newValue)
    }

    private func sendAdmitted(
        _ encoded: [UInt8], replies: Int, _ completion: @escaping (Result<[RedisReply], RedisError>) -> Void
    ) {
        let size = encoded.count
        guard let connection = session.value.ready else {
            release(replies, size)
            return completion(.failure(.notConnected))
        }
        connection.send(encoded, replies: replies) { [self] result in
            release(replies, size)
            completion(result)
        }
    }
}
