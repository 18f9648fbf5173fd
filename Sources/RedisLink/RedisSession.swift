import Core
import Glibc
import Runtime

/// Keeps one connection to Redis alive on a loop's thread: resolves, connects, logs in, and after a loss does so
/// again, with growing pauses and jitter.
final class RedisSession {
    struct Timing {
        /// Milliseconds.
        var connect = 2000
        var command = 2000
        var firstPause = 50
        var longestPause = 2000
    }

    /// The connection is ready for commands.
    var onUp: ((RedisConnection) -> Void)?
    /// An attempt to connect has failed, or a ready connection was lost.
    var onFailure: ((RedisError) -> Void)?
    /// It was ready and is gone.
    var onDown: ((RedisError) -> Void)?

    private let loop: EventLoop
    private let address: RedisAddress
    private let name: String
    private let timing: Timing
    private let scripts: [RedisScript]
    private let entry: RedisEntry?
    /// How many connections have become ready.
    private(set) var number = 0
    private let gauge: Gauge
    private let connects: Counter
    private var connection: RedisConnection?
    private var retry: LoopTimer?
    private var failures = 0
    private var readyAt: UInt64 = 0
    private static let steady: UInt64 = 1_000_000_000
    private var isUp = false
    private var isClosed = false

    /// - Parameters:
    ///   - name: of the link, for metrics and logs.
    ///   - scripts: are loaded on each connection before it is ready. Those of the entry are among them.
    init(
        on loop: EventLoop, address: RedisAddress, name: String, timing: Timing, scripts: [RedisScript] = [],
        entry: RedisEntry? = nil
    ) {
        loop.assertCurrent()
        self.loop = loop
        self.address = address
        self.name = name
        self.timing = timing
        self.scripts = scripts
        self.entry = entry
        let label = "link=\"\(name)\""
        gauge = Metrics.shared.gauge(.up, label)
        connects = Metrics.shared.counter(.connects, label)
        gauge.set(0)
    }

    /// The connection while it is ready.
    var ready: RedisConnection? { isUp ? connection : nil }

    func start() {
        retry = nil
        guard !isClosed else { return }
        switch address.endpoint {
        case .unix: connect(to: address.endpoint)
        case .tcp(let host, let port):
            // getaddrinfo blocks as long as DNS takes.
            let me = LoopBound.holding(self, on: loop)
            let attempt = failures
            startThread(name: "redis-resolve") { [loop] in
                let found = Resolver.numericHosts(of: host)
                loop.post { me.value.resolved(found, port: port, attempt: attempt) }
            }
        }
    }

    func close() {
        isClosed = true
        retry?.cancel()
        retry = nil
        connection?.close(.closed)
        connection = nil
        isUp = false
        gauge.set(0)
    }

    private func resolved(_ hosts: Result<[String], RedisError>, port: Int, attempt: Int) {
        guard !isClosed else { return }
        switch hosts {
        case .success(let hosts): connect(to: .tcp(host: hosts[attempt % hosts.count], port: port))
        case .failure(let error): lost(error)
        }
    }

    private func connect(to endpoint: RedisAddress.Endpoint) {
        do throws(RedisError) {
            let connection = try RedisConnection(
                to: endpoint, on: loop, connectTimeout: timing.connect, commandTimeout: timing.command)
            connection.onConnect = { [weak self] in self?.logIn() }
            connection.onClose = { [weak self] error in self?.lost(error) }
            self.connection = connection
        } catch {
            lost(error)
        }
    }

    /// AUTH and SELECT where they are asked for; PING tells whether Redis has loaded its data. Scripts come before any
    /// command, so that none is refused and has to be sent again, behind what came later.
    private func logIn() {
        var commands: [[RedisArgument]] = []
        if let password = address.password {
            commands.append(["AUTH"] + (address.user.map { [.text($0)] } ?? []) + [.text(password)])
        }
        if address.database != 0 { commands.append(["SELECT", .number(Int64(address.database))]) }
        commands.append(["PING"])
        commands += scripts.map { ["SCRIPT", "LOAD", .text($0.source)] }
        var writer = ByteWriter()
        for command in commands { writer.append(command: command) }
        connection?.send(writer.bytes, replies: commands.count) { [weak self] result in
            if case .success(let replies) = result { self?.loggedIn(replies) }
        }
    }

    private func loggedIn(_ replies: [RedisReply]) {
        for case .error(let text) in replies { connection?.close(.server(withoutSecrets(text))) }
        enter()
    }

    private func enter() {
        guard let connection else { return }
        guard let entry else { return opened(connection) }
        var writer = ByteWriter()
        writer.append(command: entry.call.command)
        connection.send(writer.bytes, replies: 1) { [weak self] result in
            guard let self, case .success(let replies) = result else { return }
            if case .error(let text) = replies[0] { return connection.close(.server(text)) }
            if entry.isReady(replies[0]) { opened(connection) } else { enter() }
        }
    }

    private func opened(_ connection: RedisConnection) {
        Log.info(.redisUp, ["link": .text(name), "address": .text(address.description)])
        readyAt = monotonicNanoseconds()
        number += 1
        isUp = true
        gauge.set(1)
        connects.add()
        onUp?(connection)
    }

    /// Redis repeats what it does not understand, the password of an AUTH too.
    private func withoutSecrets(_ text: String) -> String {
        [address.password, address.user].compactMap(\.self).reduce(text) { $0.replacing($1, with: "***") }
    }

    private func lost(_ error: RedisError) {
        guard !isClosed else { return }
        // One that ends right after each log-in is as bad as one that refuses.
        if isUp, monotonicNanoseconds() - readyAt > Self.steady { failures = 0 }
        if isUp || failures == 0 {
            Log.warning(
                .redisDown,
                ["link": .text(name), "address": .text(address.description), "reason": .text(error.description)])
        }
        let wasUp = isUp
        isUp = false
        gauge.set(0)
        connection = nil
        onFailure?(error)
        let pause = min(timing.firstPause << min(failures, 10), timing.longestPause)
        failures += 1
        retry = LoopTimer(on: loop, after: Int.random(in: pause / 2...pause)) { [weak self] in self?.start() }
        if wasUp { onDown?(error) }
    }
}

@available(*, unavailable)
extension RedisSession: Sendable {}
