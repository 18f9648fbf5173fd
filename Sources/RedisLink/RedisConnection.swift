import CHiredis
import Core
import Glibc
import Runtime

/// One connection to Redis on a loop's thread: hiredis connects, buffers and parses; the events come from a
/// `FileWatch`.
///
/// hiredis's own asynchronous layer is not used: in 0.14 it aborts the process on replies that it does not expect
/// while subscribed, keeps a callback for each PING on such a connection for ever, and needs its events faked after a
/// refused connect. Replies come in the order of the commands, so a queue of completions is all that it would do.
final class RedisConnection {
    typealias Completion = (Result<[RedisReply], RedisError>) -> Void

    private struct Pending {
        let count: Int
        var replies: [RedisReply]
        let deadline: UInt64
        let completion: Completion
    }

    /// Called once, when commands can be sent.
    var onConnect: (() -> Void)?
    /// A reply that no command waits for: a message of a subscription.
    var onPush: ((RedisReply) -> Void)?
    /// Called once, before the completions of what was under way.
    var onClose: ((RedisError) -> Void)?
    /// When bytes last came in (monotonic).
    private(set) var lastRead = monotonicNanoseconds()

    private let loop: EventLoop
    private let timeout: UInt64
    private var context: UnsafeMutablePointer<redisContext>?
    private var watch: FileWatch?
    private var watchdog: LoopTimer?
    private var pending = FIFO<Pending>()
    private var connectDeadline: UInt64?
    private var standstill: Standstill
    private var flushIsDue = false

    /// - Parameters:
    ///   - endpoint: its host is numeric.
    ///   - connectTimeout, commandTimeout: milliseconds.
    init(
        to endpoint: RedisAddress.Endpoint, on loop: EventLoop, connectTimeout: Int, commandTimeout: Int
    ) throws(RedisError) {
        self.loop = loop
        timeout = UInt64(commandTimeout) * 1_000_000
        connectDeadline = monotonicNanoseconds() + UInt64(connectTimeout) * 1_000_000
        let interval = max(5, min(connectTimeout, commandTimeout) / 10)
        standstill = Standstill(longest: UInt64(interval + 1000) * 1_000_000, grace: 1_000_000_000)
        let context =
            switch endpoint {
            case .tcp(let host, let port): redisConnectNonBlock(host, Int32(port))
            case .unix(let path): redisConnectUnixNonBlock(path)
            }
        guard let context else { throw .connectionLost("out of memory") }
        guard context.pointee.err == 0 else {
            defer { redisFree(context) }
            throw .connectionLost(Self.errorText(context))
        }
        self.context = context
        watch = FileWatch(on: loop, descriptor: context.pointee.fd) { [weak self] events in self?.ready(events) }
        watch?.watch(.writable)
        watchdog = LoopTimer(on: loop, after: interval, repeating: interval) { [weak self] in self?.checkDeadlines() }
    }

    var isOpen: Bool { context != nil }

    /// Sends commands that are already encoded, as one unit.
    /// - Parameters:
    ///   - replies: how many replies answer them; 0 for what is answered by pushes.
    ///   - completion: called on the loop with that many replies, or once with the reason why there are none.
    func send(_ bytes: [UInt8], replies: Int, completion: @escaping Completion = { _ in }) {
        guard let context else { return completion(.failure(.notConnected)) }
        guard bytes.withUnsafeBytes({ append($0, to: context) }) else {
            return close(.connectionLost(Self.errorText(context)))
        }
        if replies > 0 {
            let deadline = monotonicNanoseconds() + timeout
            pending.append(Pending(count: replies, replies: [], deadline: deadline, completion: completion))
        }
        scheduleFlush()
    }

    /// Drops the connection; what is under way fails with the error.
    func close(_ error: RedisError) {
        guard let context else { return }
        self.context = nil
        watch?.cancel()
        watch = nil
        watchdog?.cancel()
        watchdog = nil
        redisFree(context)
        let tell = onClose
        onClose = nil
        onPush = nil
        onConnect = nil
        tell?(error)
        while let waiting = pending.popFirst() { waiting.completion(.failure(error)) }
    }

    /// Takes in what the kernel holds already: to be sure before something is called late.
    func readNow() {
        guard context != nil, connectDeadline == nil else { return }
        var descriptor = pollfd(fd: context!.pointee.fd, events: Int16(POLLIN), revents: 0)
        if poll(&descriptor, 1, 0) > 0 { read() }
    }

    private func append(_ bytes: UnsafeRawBufferPointer, to context: UnsafeMutablePointer<redisContext>) -> Bool {
        let start = bytes.bindMemory(to: CChar.self).baseAddress
        return redisAppendFormattedCommand(context, start, bytes.count) == REDIS_OK
    }

    private func ready(_ events: FileWatch.Events) {
        if connectDeadline != nil { return finishConnect() }
        if events.contains(.readable) { read() }
        if context != nil, events.contains(.writable) { flush() }
    }

    private func finishConnect() {
        guard let context else { return }
        var code: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        let status = getsockopt(context.pointee.fd, SOL_SOCKET, SO_ERROR, &code, &length)
        guard status == 0, code == 0 else { return close(.connectionLost(String(cString: strerror(code)))) }
        connectDeadline = nil
        lastRead = monotonicNanoseconds()
        watch?.watch(.readable)
        onConnect?()
        onConnect = nil
    }

    /// hiredis reads so much at once.
    private static let readSize = 16_384
    /// So many reads before it is another's turn.
    private static let mostReads = 16

    /// All that is there, for what came together is worked on together.
    private func read() {
        for _ in 0..<Self.mostReads {
            guard let context, let reader = context.pointee.reader else { return }
            let before = reader.pointee.len
            guard redisBufferRead(context) == REDIS_OK else {
                return close(.connectionLost(Self.errorText(context)))
            }
            lastRead = monotonicNanoseconds()
            let count = Int(reader.pointee.len - before)
            receiveAll()
            guard count == Self.readSize else { return }
        }
    }

    private func receiveAll() {
        // A completion may close the connection.
        while let context = self.context {
            var raw: UnsafeMutableRawPointer?
            guard redisGetReplyFromReader(context, &raw) == REDIS_OK else {
                return close(.connectionLost(Self.errorText(context)))
            }
            guard let raw else { return }
            let reply = RedisReply(UnsafePointer(raw.assumingMemoryBound(to: redisReply.self)))
            freeReplyObject(raw)
            receive(reply)
        }
    }

    private func receive(_ reply: RedisReply) {
        if reply.isUnknownScript {
            return close(.connectionLost("Redis has forgotten the scripts"))
        }
        let isComplete = pending.withFirst { waiting in
            waiting.replies.append(reply)
            return waiting.replies.count == waiting.count
        }
        if isComplete == true, let done = pending.popFirst() {
            done.completion(.success(done.replies))
        } else if isComplete == nil {
            guard let onPush else { return close(.unexpectedReply("a reply without a command")) }
            onPush(reply)
        }
    }

    /// All commands of a turn of the loop leave in one write, and the kernel is asked for events only when it takes
    /// less than all: libuv pays two system calls to change what is watched.
    private func scheduleFlush() {
        guard !flushIsDue, connectDeadline == nil, watch?.watched == .readable else { return }
        flushIsDue = true
        let me = LoopBound.holding(self, on: loop)
        loop.post { me.value.flush() }
    }

    private func flush() {
        flushIsDue = false
        guard let context else { return }
        var done: Int32 = 0
        guard redisBufferWrite(context, &done) == REDIS_OK else {
            return close(.connectionLost(Self.errorText(context)))
        }
        watch?.watch(done != 0 ? .readable : [.readable, .writable])
    }

    private func checkDeadlines() {
        let now = monotonicNanoseconds()
        // Where the whole machine stood still, so did Redis.
        guard !standstill.isRecent(now: now) else { return }
        if let connectDeadline {
            if now >= connectDeadline { close(.timedOut) }
            return
        }
        guard isLate else { return }
        // A loop that was held up sees its timers before its sockets: the reply may be here.
        readNow()
        if isLate { close(.timedOut) }
    }

    private var isLate: Bool {
        guard context != nil, let first = pending.first else { return false }
        return monotonicNanoseconds() >= first.deadline
    }

    private static func errorText(_ context: UnsafeMutablePointer<redisContext>) -> String {
        withUnsafeBytes(of: &context.pointee.errstr) { bytes in
            String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
    }

    deinit { close(.closed) }
}

@available(*, unavailable)
extension RedisConnection: Sendable {}
