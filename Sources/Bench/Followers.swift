import CUv
import Core
import Glibc
import Synchronization

/// Connected followers, read by one thread: a WebSocket each, with the client protocol.
final class Followers: Sendable {
    struct Delivery {
        let post: Int
        /// Nanoseconds since the post's planned time.
        let latency: UInt64
    }

    struct Result {
        var timed: [Delivery] = []
        var duplicates = 0
        var disorders = 0
        var deliveries = 0
    }

    private struct Connection {
        var pending: [UInt8] = []
        var last = -1
        var seen: Set<Int> = []
        var isConnected = false
    }

    private let port: UInt16
    private let marker: [UInt8]
    private let arrivals = Mutex<Result>(Result())
    private let sentAt: Mutex<[Int: UInt64]> = Mutex([:])
    private let connected = Atomic<Int>(0)
    private let ended = Atomic<Bool>(false)

    /// - Parameter run: in the texts of this run's posts, before their number.
    init(port: UInt16, run: String) {
        self.port = port
        marker = Array("\"text\":\"\(run) ".utf8)
    }

    func noteSending(_ post: Int, at: UInt64) {
        sentAt.withLock { $0[post] = at }
    }

    var connectedCount: Int { connected.load(ordering: .relaxed) }
    var result: Result { arrivals.withLock { $0 } }
    func end() { ended.store(true, ordering: .relaxed) }

    /// Opens a connection for each token and reads until `end`.
    func run(tokens: [String]) throws {
        let poll = epoll_create1(0)
        var connections: [Connection] = []
        var sockets: [Socket] = []
        for (index, token) in tokens.enumerated() {
            let socket = try Socket(port: port)
            try Self.open(socket, token: token)
            sockets.append(socket)
            connections.append(Connection())
            var event = epoll_event(events: EPOLLIN.rawValue, data: epoll_data_t(u64: UInt64(index)))
            epoll_ctl(poll, EPOLL_CTL_ADD, socket.descriptor, &event)
        }
        var events = [epoll_event](repeating: epoll_event(), count: 512)
        var buffer = [UInt8](repeating: 0, count: 262_144)
        while !ended.load(ordering: .relaxed) {
            let count = epoll_wait(poll, &events, 512, 50)
            guard count > 0 else { continue }
            for event in events[..<Int(count)] {
                let index = Int(event.data.u64)
                let got = recv(sockets[index].descriptor, &buffer, buffer.count, 0)
                guard got > 0 else { throw BenchError("follower \(index) was disconnected") }
                let now = monotonicNanoseconds()
                buffer.withUnsafeBytes { connections[index].pending.append(contentsOf: $0[..<got]) }
                take(&connections[index], now, sockets[index])
            }
        }
        for socket in sockets { close(socket.descriptor) }
    }

    /// The handshake, which is answered before anything else, and the connect command.
    static func open(_ socket: Socket, token: String, offering extensions: String = "") throws {
        try upgrade(socket, "/v1/live/ws", offering: extensions)
        try socket.send(frame("{\"id\":1,\"connect\":{\"token\":\"\(token)\"}}"))
    }

    static func upgrade(_ socket: Socket, _ path: String, offering extensions: String = "") throws {
        try socket.send(upgradeRequest(path, offering: extensions))
        let head = String(decoding: try socket.receive(), as: UTF8.self)
        guard head.hasPrefix("HTTP/1.1 101") else { throw BenchError("no WebSocket: \(head.prefix(80))") }
    }

    static func upgradeRequest(_ path: String, offering extensions: String = "") -> [UInt8] {
        Array(
            ("GET \(path) HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
                + (extensions.isEmpty ? "" : "Sec-WebSocket-Extensions: \(extensions)\r\n") + "\r\n").utf8)
    }

    /// A text frame with a mask of zeros, which leaves the payload as it is.
    static func frame(_ text: String) -> [UInt8] {
        let payload = Array(text.utf8)
        var bytes: [UInt8] = [0x81]
        if payload.count < 126 {
            bytes.append(UInt8(payload.count) | 0x80)
        } else {
            bytes += [126 | 0x80, UInt8(payload.count >> 8), UInt8(payload.count & 255)]
        }
        return bytes + [0, 0, 0, 0] + payload
    }

    private func take(_ connection: inout Connection, _ now: UInt64, _ socket: Socket) {
        var start = 0
        let bytes = connection.pending
        while bytes.count - start >= 2 {
            var length = Int(bytes[start + 1] & 127)
            var header = 2
            if length == 126 {
                guard bytes.count - start >= 4 else { break }
                length = Int(bytes[start + 2]) << 8 | Int(bytes[start + 3])
                header = 4
            } else if length == 127 {
                guard bytes.count - start >= 10 else { break }
                length = bytes[(start + 2)..<(start + 10)].reduce(0) { $0 << 8 | Int($1) }
                header = 10
            }
            guard bytes.count - start >= header + length else { break }
            bytes.withUnsafeBytes { all in
                let payload = UnsafeRawBufferPointer(rebasing: all[(start + header)..<(start + header + length)])
                message(payload, &connection, now, socket)
            }
            start += header + length
        }
        connection.pending.removeFirst(start)
    }

    private func message(
        _ payload: UnsafeRawBufferPointer, _ connection: inout Connection, _ now: UInt64, _ socket: Socket
    ) {
        if payload.count == 2 {
            try? socket.send(Self.frame("{}"))
            return
        }
        guard connection.isConnected else {
            connection.isConnected = true
            connected.add(1, ordering: .relaxed)
            return
        }
        guard let post = number(in: payload) else { return }
        let sent = sentAt.withLock { $0[post] }
        let isNew = connection.seen.insert(post).inserted
        let isInOrder = post > connection.last
        connection.last = max(connection.last, post)
        arrivals.withLock { result in
            result.deliveries += 1
            if !isNew { result.duplicates += 1 }
            if !isInOrder { result.disorders += 1 }
            if let sent { result.timed.append(Delivery(post: post, latency: now - sent)) }
        }
    }

    /// The number of one of this run's posts. The client must cost little: it shares the machine with the server.
    private func number(in payload: UnsafeRawBufferPointer) -> Int? {
        var start = 0
        while start + marker.count < payload.count {
            if payload[start] == marker[0], marker.elementsEqual(payload[start..<start + marker.count]) { break }
            start += 1
        }
        var digit = start + marker.count
        guard digit < payload.count else { return nil }
        var number = 0
        while digit < payload.count, payload[digit] >= 48, payload[digit] <= 57 {
            number = number * 10 + Int(payload[digit] - 48)
            digit += 1
        }
        return number
    }
}
