import CUv
import Core
import Glibc
import Runtime
import Synchronization

/// Many WebSockets that are cut, miss some posts, and come back at once with their positions.
struct LiveStorm {
    let port: UInt16
    let author: String
    let tokens: [String]
    let posts: Int
    /// Seconds within which all must have been told.
    let patience: Int

    func run() throws -> Int32 {
        let positions = try visit()
        say("\(positions.count) were connected, and are cut")
        let author = try Socket(port: port)
        for number in 0..<posts {
            let body = "{\"text\":\"missed \(number) \(String(repeating: "x", count: 180))\"}"
            let (status, answer) = try author.request("POST", "/v1/posts", token: self.author, body: body)
            guard status == 201 else { throw BenchError("a post got \(status) \(answer)") }
        }
        usleep(2_000_000)
        let prober = Prober(port: port, token: tokens[0])
        startThread(name: "prober") { prober.run() }
        defer { prober.end() }
        return try comeBack(positions, prober)
    }

    /// Connects all, one after the other, and closes them again.
    /// - Returns: what each is to come back with.
    private func visit() throws -> [String] {
        var sockets: [Socket] = []
        defer { for socket in sockets { close(socket.descriptor) } }
        return try tokens.map { token in
            let socket = try Socket(port: port)
            sockets.append(socket)
            try Followers.open(socket, token: token)
            let reply = String(decoding: try socket.receive().drop { $0 != UInt8(ascii: "{") }, as: UTF8.self)
            guard let channel = Self.field("feed:", "\"", in: reply),
                let epoch = Self.field("\"epoch\":\"", "\"", in: reply)
            else { throw BenchError("no subscription in \(reply)") }
            let offset = Self.field("\"offset\":", ",}", in: reply) ?? "0"
            return "{\"feed:\(channel)\":{\"recover\":true,\"epoch\":\"\(epoch)\",\"offset\":\(offset)}}"
        }
    }

    private static func field(_ before: String, _ ends: String, in text: String) -> String? {
        guard let start = text.firstRange(of: before) else { return nil }
        return String(text[start.upperBound...].prefix { !ends.contains($0) })
    }

    private func comeBack(_ positions: [String], _ prober: Prober) throws -> Int32 {
        let poll = epoll_create1(0)
        let start = monotonicNanoseconds()
        var returners = try positions.indices.map { index in
            let socket = try Socket(port: port)
            try socket.send(Followers.upgradeRequest("/v1/live/ws"))
            var event = epoll_event(events: EPOLLIN.rawValue, data: epoll_data_t(u64: UInt64(index)))
            epoll_ctl(poll, EPOLL_CTL_ADD, socket.descriptor, &event)
            return Returner(socket: socket, token: tokens[index], position: positions[index])
        }
        let asked = monotonicNanoseconds()
        var events = [epoll_event](repeating: epoll_event(), count: 512)
        var buffer = [UInt8](repeating: 0, count: 262_144)
        var (upgraded, done) = (0, 0)
        var upgradedAt: UInt64 = 0
        while done < returners.count {
            guard monotonicNanoseconds() - start < UInt64(patience) * 1_000_000_000 else {
                throw BenchError("\(upgraded) upgraded and \(done) told within \(patience) s")
            }
            let count = epoll_wait(poll, &events, 512, 50)
            for event in events[..<Int(max(0, count))] {
                switch try returners[Int(event.data.u64)].read(&buffer, posts) {
                case .upgraded: (upgraded, upgradedAt) = (upgraded + 1, monotonicNanoseconds())
                case .told: done += 1
                case .more: break
                }
            }
        }
        report(prober, start, asked, upgradedAt, monotonicNanoseconds())
        for returner in returners { close(returner.socket.descriptor) }
        return 0
    }

    private func report(_ prober: Prober, _ start: UInt64, _ asked: UInt64, _ upgraded: UInt64, _ told: UInt64) {
        func seconds(_ time: UInt64) -> Double { (Double(time - start) / 1e7).rounded() / 100 }
        let slowest = prober.percentile(0.99)
        say(
            """
            all had asked after \(seconds(asked)) s, were upgraded after \(seconds(upgraded)) s, and had been told \
            \(posts) posts each after \(seconds(told)) s; GET /v1/feed meanwhile: p99 \(ms(slowest)), \
            \(prober.count) requests
            """)
        print(
            "{\"upgraded\":\(seconds(upgraded)),\"told\":\(seconds(told)),\"api_p99\":\(Double(slowest) / 1e9)}")
    }
}

/// One that comes back.
private struct Returner {
    enum Progress { case more, upgraded, told }

    let socket: Socket
    let token: String
    let position: String
    private var isUpgraded = false
    private var pending: [UInt8] = []
    private var told = 0

    init(socket: Socket, token: String, position: String) {
        self.socket = socket
        self.token = token
        self.position = position
    }

    mutating func read(_ buffer: inout [UInt8], _ posts: Int) throws -> Progress {
        let got = recv(socket.descriptor, &buffer, buffer.count, 0)
        guard got > 0 else { throw BenchError("a connection was closed") }
        pending += buffer[..<got]
        guard isUpgraded else {
            guard Self.count("\r\n\r\n", in: pending) > 0 else { return .more }
            isUpgraded = true
            pending = []
            try socket.send(
                Followers.frame("{\"id\":1,\"connect\":{\"token\":\"\(token)\",\"subs\":\(position)}}"))
            return .upgraded
        }
        let before = told
        told = Self.count("\"type\":\"post.created\"", in: pending)
        guard told <= posts else { throw BenchError("a connection was told too much") }
        return before < posts && told == posts ? .told : .more
    }

    /// How often a text occurs.
    private static func count(_ text: StaticString, in bytes: [UInt8]) -> Int {
        bytes.withUnsafeBytes { all in
            var (count, start) = (0, 0)
            while let found = LiveClients.find(text, in: all, from: start) {
                count += 1
                start = found + text.utf8CodeUnitCount
            }
            return count
        }
    }
}

/// Reads a feed's page a hundred times a second, whether or not earlier ones were answered late: the delay counts.
private final class Prober: Sendable {
    private let port: UInt16
    private let token: String
    private let latencies = Mutex<[UInt64]>([])
    private let ended = Atomic<Bool>(false)

    init(port: UInt16, token: String) {
        self.port = port
        self.token = token
    }

    func end() { ended.store(true, ordering: .relaxed) }
    var count: Int { latencies.withLock(\.count) }

    func percentile(_ part: Double) -> UInt64 {
        let sorted = latencies.withLock { $0.sorted() }
        return sorted.isEmpty ? 0 : sorted[min(sorted.count - 1, Int(Double(sorted.count) * part))]
    }

    func run() {
        do {
            let socket = try Socket(port: port)
            var next = monotonicNanoseconds()
            while !ended.load(ordering: .relaxed) {
                let now = monotonicNanoseconds()
                if now < next { usleep(UInt32((next - now) / 1000)) }
                let (status, answer) = try socket.request("GET", "/v1/feed", token: token)
                guard status == 200 else { throw BenchError("a feed got \(status) \(answer)") }
                let latency = monotonicNanoseconds() - next
                latencies.withLock { $0.append(latency) }
                next += 10_000_000
            }
        } catch {
            say("prober: \(error)")
            exit(1)
        }
    }
}
