import Core
import Glibc
import Runtime

/// What live connections cost the server: memory and CPU while they are idle, and CPU for each delivery. The last line has
/// the figures as JSON.
struct LiveCost {
    let port: UInt16
    /// Of the server.
    let process: Int
    let author: String
    let tokens: [String]
    let kind: LiveClients.Kind
    /// The slope of memory is taken between the first and the last.
    let counts: [Int]
    let idleSeconds: Int
    let posts: Int
    /// Posts that are sent together, and how many such bursts a second.
    let burst: Int
    let rate: Int
    private var channels: [String] = []
    private var figures: [(name: String, value: Double)] = []

    init(
        port: UInt16, process: Int, author: String, tokens: [String], kind: LiveClients.Kind, counts: [Int],
        idleSeconds: Int, posts: Int, burst: Int, rate: Int
    ) {
        self.port = port
        self.process = process
        self.author = author
        self.tokens = tokens
        self.kind = kind
        self.counts = counts
        self.idleSeconds = idleSeconds
        self.posts = posts
        self.burst = burst
        self.rate = rate
    }

    mutating func run() throws -> Int32 {
        guard let most = counts.last, most <= tokens.count else { throw BenchError("there are not so many tokens") }
        channels = try makeChannels(most)
        let clients = LiveClients(port: port, kind: kind, channels: channels)
        let finished = Gate()
        startThread(name: "clients") {
            do { try clients.run() } catch {
                say("clients: \(error)")
                exit(1)
            }
            finished.open()
        }
        try connect(clients)
        try idle(clients)
        if posts > 0 { try broadcast(clients) }
        clients.end()
        finished.wait()
        guard clients.lostCount == 0 else { throw BenchError("\(clients.lostCount) connections were closed") }
        print("{" + figures.map { "\"\($0.name)\":\($0.value)" }.joined(separator: ",") + "}")
        return 0
    }

    /// One for each five connections, at most a thousand: of the first users, or of Nchan by their numbers.
    private func makeChannels(_ connections: Int) throws -> [String] {
        let count = min(1000, connections / 5)
        switch kind {
        case .nchanChannels: return (0..<count).map { "\($0)" }
        case .channels:
            let socket = try Socket(port: port)
            defer { close(socket.descriptor) }
            return try tokens.prefix(count).map { token in
                let (_, me) = try socket.request("GET", "/v1/me", token: token)
                guard let start = me.firstRange(of: "\"id\":\"") else { throw BenchError("/v1/me: \(me)") }
                return "user:\(me[start.upperBound...].prefix { $0.isNumber })"
            }
        case .webSocket, .deflating, .eventStream, .nchan: return []
        }
    }

    /// How many connections a post reaches.
    private var reach: Int { counts.last! / max(1, channels.count) }

    private mutating func connect(_ clients: LiveClients) throws {
        var first: (count: Int, resident: Int)?
        for count in counts {
            clients.open(tokens[clients.openedCount..<count])
            try until(60, "\(count) connections are live") { clients.openedCount == count }
            usleep(3_000_000)
            let resident = try ProcessCost(of: process).resident
            say("\(count) \(kind.rawValue): \(resident >> 10) KB resident")
            if let first, count > first.count {
                let slope = (resident - first.resident) / (count - first.count)
                say("slope: \(slope) bytes a connection")
                figures.append(("bytes", Double(slope)))
            }
            first = first ?? (count, resident)
        }
    }

    private mutating func idle(_ clients: LiveClients) throws {
        guard idleSeconds > 0 else { return }
        let (before, pings) = (try ProcessCost(of: process), clients.pingedCount)
        usleep(UInt32(idleSeconds) * 1_000_000)
        let after = try ProcessCost(of: process)
        func percent(_ thread: String?) -> String {
            "\((after.percent(since: before, thread: thread) * 100).rounded() / 100) %"
        }
        say(
            """
            idle for \(idleSeconds) s: \(percent(nil)) of a core, thread sockets \(percent("sockets")), \
            \(clients.pingedCount - pings) pings
            """)
        figures.append(("idle", after.percent(since: before)))
    }

    private mutating func broadcast(_ clients: LiveClients) throws {
        try send(clients, bursts: max(1, posts / burst / 10))
        let before = try ProcessCost(of: process)
        let bursts = posts / burst
        let received = clients.receivedCount
        let start = monotonicNanoseconds()
        try send(clients, bursts: bursts)
        let seconds = Double(monotonicNanoseconds() - start) / 1e9
        let after = try ProcessCost(of: process)
        let deliveries = Double(bursts * burst * reach)
        figures.append(("deliveries", deliveries / after.seconds(since: before)))
        // A process that calls its threads nothing has one that matters.
        let sockets = after.seconds(since: before, thread: "sockets")
        if sockets > 0 { figures.append(("sockets", deliveries / sockets)) }
        func report(_ thread: String?) -> String {
            let spent = after.seconds(since: before, thread: thread)
            return "\(Int(deliveries / spent)) (\((spent / deliveries * 1e8).rounded() / 100) us each)"
        }
        say(
            """
            \(Int(deliveries)) deliveries in \((seconds * 10).rounded() / 10) s, in bursts of \(burst); for a CPU second: \
            \(sockets > 0 ? "thread sockets \(report("sockets")), " : "")process \(report(nil)); \
            \((clients.receivedCount - received) / Int(deliveries)) bytes of WebSocket frames each
            """)
    }

    /// Until all have arrived.
    private func send(_ clients: LiveClients, bursts: Int) throws {
        // A connection for each post of a burst: they are asked for at once.
        let sockets = try (0..<burst).map { _ in try Socket(port: port) }
        let before = clients.deliveredCount
        let text = String(repeating: "x", count: 200)
        let body = kind.isNchan ? text : "{\"text\":\"\(text)\"}"
        func request() -> [UInt8] {
            let channel = channels.indices.randomElement() ?? 0
            let path = kind == .nchan ? "/pub" : kind == .nchanChannels ? "/pub/\(channels[channel])" : "/v1/posts"
            let head =
                "POST \(path) HTTP/1.1\r\nHost: localhost\r\n"
                + "Authorization: Bearer \(kind == .channels ? tokens[channel] : author)\r\n"
                + "Content-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n\r\n"
            return Array((head + body).utf8)
        }
        var next = monotonicNanoseconds()
        for _ in 0..<bursts {
            let now = monotonicNanoseconds()
            if now < next { usleep(UInt32((next - now) / 1000)) }
            next += 1_000_000_000 / UInt64(rate)
            for socket in sockets { try socket.send(request()) }
            for socket in sockets {
                let (status, answer) = try socket.answer()
                guard 200..<300 ~= status else { throw BenchError("a post got \(status) \(answer)") }
            }
        }
        for socket in sockets { close(socket.descriptor) }
        try until(60, "all posts have arrived") {
            clients.deliveredCount - before >= bursts * burst * reach
        }
    }
}
