import CUv
import Core
import Glibc
import Synchronization

/// Many live connections, read by one thread that does as little as it can: it answers pings and counts deliveries.
final class LiveClients: Sendable {
    enum Kind: String {
        case webSocket = "ws"
        /// The same that offer compression.
        case deflating = "ws-deflate"
        case eventStream = "sse"
        /// WebSockets of Nchan, to compare with.
        case nchan
        /// WebSockets that have subscribed to one of many channels each.
        case channels
        case nchanChannels = "nchan-channels"

        var isNchan: Bool { self == .nchan || self == .nchanChannels }
    }

    private let port: UInt16
    private let kind: Kind
    /// Each connection has the next one, and after the last the first.
    private let channels: [String]
    private let opened = Atomic<Int>(0)
    private let delivered = Atomic<Int>(0)
    private let pinged = Atomic<Int>(0)
    private let lost = Atomic<Int>(0)
    private let received = Atomic<Int>(0)
    private let ended = Atomic<Bool>(false)
    private let wanted = Mutex<[String]>([])

    init(port: UInt16, kind: Kind, channels: [String] = []) {
        self.port = port
        self.kind = kind
        self.channels = channels
    }

    /// Connections that have been told that they are live.
    var openedCount: Int { opened.load(ordering: .relaxed) }
    var deliveredCount: Int { delivered.load(ordering: .relaxed) }
    /// Pings and comments that came.
    var pingedCount: Int { pinged.load(ordering: .relaxed) }
    /// Bytes of frames.
    var receivedCount: Int { received.load(ordering: .relaxed) }
    var lostCount: Int { lost.load(ordering: .relaxed) }
    func open(_ tokens: some Sequence<String>) { wanted.withLock { $0 += tokens } }
    func end() { ended.store(true, ordering: .relaxed) }

    private struct Connection {
        let socket: Socket
        var rest: [UInt8] = []
    }

    /// Reads until `end`.
    func run() throws {
        let poll = epoll_create1(0)
        var connections: [Connection] = []
        var events = [epoll_event](repeating: epoll_event(), count: 512)
        var buffer = [UInt8](repeating: 0, count: 262_144)
        while !ended.load(ordering: .relaxed) {
            for token in takeWanted() {
                let socket = try open(token, number: connections.count)
                var event = epoll_event(events: EPOLLIN.rawValue, data: epoll_data_t(u64: UInt64(connections.count)))
                epoll_ctl(poll, EPOLL_CTL_ADD, socket.descriptor, &event)
                connections.append(Connection(socket: socket))
            }
            let count = epoll_wait(poll, &events, 512, 50)
            for event in events[..<Int(max(0, count))] {
                let index = Int(event.data.u64)
                let got = recv(connections[index].socket.descriptor, &buffer, buffer.count, 0)
                if got <= 0 {
                    lost.add(1, ordering: .relaxed)
                    epoll_ctl(poll, EPOLL_CTL_DEL, connections[index].socket.descriptor, nil)
                    continue
                }
                buffer.withUnsafeBytes { take(UnsafeRawBufferPointer(rebasing: $0[..<got]), &connections[index]) }
            }
        }
        for connection in connections { close(connection.socket.descriptor) }
    }

    private func takeWanted() -> [String] {
        wanted.withLock { tokens in
            defer { tokens = [] }
            return tokens
        }
    }

    private func open(_ token: String, number: Int) throws -> Socket {
        let socket = try Socket(port: port)
        switch kind {
        case .webSocket: try Followers.open(socket, token: token)
        case .deflating: try Followers.open(socket, token: token, offering: "permessage-deflate")
        case .channels:
            try Followers.open(socket, token: token)
            let channel = channels[number % channels.count]
            try socket.send(Followers.frame("{\"id\":2,\"subscribe\":{\"channel\":\"\(channel)\"}}"))
        case .nchan, .nchanChannels:
            try Followers.upgrade(socket, kind == .nchan ? "/sub" : "/sub/\(channels[number % channels.count])")
            opened.add(1, ordering: .relaxed)
        case .eventStream:
            try socket.send(
                Array("GET /v1/live/sse HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer \(token)\r\n\r\n".utf8))
        }
        return socket
    }

    private func take(_ bytes: UnsafeRawBufferPointer, _ connection: inout Connection) {
        if !connection.rest.isEmpty {
            let all = connection.rest + bytes
            connection.rest = []
            return all.withUnsafeBytes { take($0, &connection) }
        }
        let used = kind == .eventStream ? takeEvents(bytes) : takeFrames(bytes, connection.socket)
        if used < bytes.count { connection.rest = Array(bytes[used...]) }
    }

    /// - Returns: how many bytes were whole frames.
    private func takeFrames(_ bytes: UnsafeRawBufferPointer, _ socket: Socket) -> Int {
        var start = 0
        while bytes.count - start >= 2 {
            var length = Int(bytes[start + 1] & 127)
            var header = 2
            if length == 126 {
                guard bytes.count - start >= 4 else { break }
                length = Int(bytes[start + 2]) << 8 | Int(bytes[start + 3])
                header = 4
            }
            guard bytes.count - start >= header + length else { break }
            // A compressed push begins with a stored block, in which it stands as it is.
            let text = start + header + (bytes[start] & 0x40 != 0 ? 5 : 0)
            received.add(header + length, ordering: .relaxed)
            if kind.isNchan {
                delivered.add(1, ordering: .relaxed)
            } else if length == 2 {
                pinged.add(1, ordering: .relaxed)
                try? socket.send(Self.pong)
            } else if kind == .channels {
                countOfChannel(UnsafeRawBufferPointer(rebasing: bytes[(start + header)..<(start + header + length)]))
            } else if bytes[text + 2] == UInt8(ascii: "p") {
                delivered.add(1, ordering: .relaxed)
            } else {
                opened.add(1, ordering: .relaxed)
            }
            start += header + length
        }
        return start
    }

    /// Pushes of the feed and the reply to `connect` don't count.
    private func countOfChannel(_ payload: UnsafeRawBufferPointer) {
        func begins(_ text: StaticString) -> Bool {
            payload.starts(with: UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
        }
        if begins("{\"push\":{\"channel\":\"user:") { delivered.add(1, ordering: .relaxed) }
        if begins("{\"id\":2,\"subscribe\":") { opened.add(1, ordering: .relaxed) }
        if begins("{\"id\":2,\"error\":") { lost.add(1, ordering: .relaxed) }
    }

    private static let pong: [UInt8] = [0x81, 0x82, 0, 0, 0, 0, UInt8(ascii: "{"), UInt8(ascii: "}")]

    /// Each event, and each comment, goes out in one chunk, and an event of a post has its name. What is read is seldom
    /// cut, and a cut within a name is counted by nobody: so chunks are taken whole.
    private func takeEvents(_ bytes: UnsafeRawBufferPointer) -> Int {
        var start = 0
        if bytes.count > 4, bytes[0] == UInt8(ascii: "H") {
            guard let end = Self.find("\r\n\r\n", in: bytes, from: 0) else { return 0 }
            start = end + 4
        }
        while let line = Self.find("\r\n", in: bytes, from: start) {
            let digits = String(decoding: bytes[start..<line], as: UTF8.self)
            guard let length = Int(digits, radix: 16), bytes.count >= line + 4 + length else { break }
            let chunk = UnsafeRawBufferPointer(rebasing: bytes[(line + 2)..<(line + 2 + length)])
            count(chunk)
            start = line + 4 + length
        }
        return start
    }

    private func count(_ chunk: UnsafeRawBufferPointer) {
        guard chunk[0] != UInt8(ascii: ":") else {
            pinged.add(1, ordering: .relaxed)
            return
        }
        var start = 0
        while let found = Self.find("event: ", in: chunk, from: start) {
            start = found + 7
            if chunk[start] == UInt8(ascii: "l") {
                opened.add(1, ordering: .relaxed)
            } else {
                delivered.add(1, ordering: .relaxed)
            }
        }
    }

    static func find(_ text: StaticString, in bytes: UnsafeRawBufferPointer, from start: Int) -> Int? {
        let length = text.utf8CodeUnitCount
        var start = start
        while bytes.count - start >= length, let base = bytes.baseAddress,
            let first = memchr(base + start, Int32(text.utf8Start[0]), bytes.count - start - length + 1)
        {
            start = UnsafeRawPointer(first) - base
            if memcmp(first, text.utf8Start, length) == 0 { return start }
            start += 1
        }
        return nil
    }
}
