import Core
import Glibc

/// A TCP client that says exactly what it is told. It blocks, at most 5 s a call.
final class TestClient {
    struct Answer: Sendable, Equatable {
        var status: Int
        var headers: [String: String]
        var body: [UInt8]

        var text: String { String(decoding: body, as: UTF8.self) }
    }

    let descriptor: Int32
    private(set) var buffer: [UInt8] = []
    /// The server has closed its side.
    private(set) var sawEnd = false
    private(set) var sawReset = false

    /// - Parameter source: of the addresses that this machine has, all of 127.0.0.0/8.
    init(port: Int, receiveBuffer: Int32? = nil, from source: String? = nil) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        if let source {
            var own = sockaddr_in()
            own.sin_family = sa_family_t(AF_INET)
            own.sin_addr.s_addr = inet_addr(source)
            withUnsafePointer(to: &own) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    _ = bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
                }
            }
        }
        if var size = receiveBuffer {
            setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &size, socklen_t(MemoryLayout<Int32>.size))
        }
        var limit = timeval(tv_sec: 5, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let status = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard status == 0 else { throw NeverHappened(description: "connect: \(String(cString: strerror(errno)))") }
    }

    deinit { close(descriptor) }

    /// How many bytes the kernel took; fewer than given when the server has reset the connection or is not reading.
    @discardableResult
    func send(_ bytes: [UInt8]) -> Int {
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
            guard count > 0 else { return sent }
            sent += count
        }
        return sent
    }

    @discardableResult
    func send(_ text: String) -> Int { send(Array(text.utf8)) }

    func get(_ target: String, _ fields: String = "") {
        send("GET \(target) HTTP/1.1\r\nHost: test\r\n\(fields)\r\n")
    }

    func shutdownWrite() { shutdown(descriptor, Int32(SHUT_WR)) }

    /// Reads more; `false` at the end or after a reset.
    @discardableResult
    func fill() throws -> Bool {
        var piece = [UInt8](repeating: 0, count: 65_536)
        let count = read(descriptor, &piece, piece.count)
        if count > 0 {
            buffer += piece[..<count]
            return true
        }
        if count < 0 {
            guard errno == ECONNRESET else { throw NeverHappened(description: "nothing to read within 5 s") }
            sawReset = true
        }
        sawEnd = true
        return false
    }

    func take(_ count: Int) throws -> [UInt8] {
        while buffer.count < count {
            guard try fill() else {
                throw NeverHappened(description: "\(count) bytes; got \(buffer.count), then the end")
            }
        }
        defer { buffer.removeFirst(count) }
        return Array(buffer[..<count])
    }

    func takeHead() throws -> (status: Int, headers: [String: String]) {
        let blank = Array("\r\n\r\n".utf8)
        while true {
            if let end = buffer.indices.first(where: { buffer[$0...].starts(with: blank) }) {
                let lines = String(decoding: try take(end + 4), as: UTF8.self).split(separator: "\r\n")
                var headers: [String: String] = [:]
                for line in lines.dropFirst() {
                    let colon = line.firstIndex(of: ":")!
                    headers[line[..<colon].lowercased()] = String(line[colon...].dropFirst(2))
                }
                return (Int(lines[0].split(separator: " ")[1])!, headers)
            }
            guard try fill() else {
                throw NeverHappened(description: "an answer; got \(String(decoding: buffer, as: UTF8.self))")
            }
        }
    }

    func answer(toHead: Bool = false) throws -> Answer {
        let (status, headers) = try takeHead()
        let length = toHead || status < 200 ? 0 : Int(headers["content-length"] ?? "0")!
        return Answer(status: status, headers: headers, body: try take(length))
    }

    /// Nothing more comes, and the server has closed the connection.
    func isEnded() throws -> Bool {
        while !sawEnd { try fill() }
        return buffer.isEmpty
    }
}
