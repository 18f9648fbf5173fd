import Glibc
import Runtime
import Synchronization

/// An HTTP server on loopback that does what the test says: each connection has a thread and serves one request.
final class ScriptedServer: Sendable {
    struct Request: Sendable {
        let method: String
        let target: String
        /// Names in lower case.
        let headers: [String: String]
        let body: String

        var line: String { method + " " + target }
    }

    /// An open connection, to answer on.
    struct Connection {
        fileprivate let descriptor: Int32

        /// Writes bytes as they are; a client that has gone is no error.
        func write(_ text: String) {
            var rest = Array(text.utf8)[...]
            while !rest.isEmpty {
                let count = rest.withUnsafeBytes { send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
                guard count > 0 else { return }
                rest = rest.dropFirst(count)
            }
        }

        func respond(_ status: Int, _ body: String, headers: [String] = []) {
            let type = status < 400 ? "application/json" : "application/problem+json"
            let head = ["HTTP/1.1 \(status) X", "Content-Type: \(type)", "Content-Length: \(body.utf8.count)"]
            write((head + ["Connection: close"] + headers).joined(separator: "\r\n") + "\r\n\r\n" + body)
        }

        func problem(_ status: Int, _ code: String) {
            respond(status, #"{"code":"\#(code)","detail":"\#(code) it is","status":\#(status)}"#)
        }

        /// Begins a stream of server-sent events.
        func stream(_ events: String...) {
            write("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n" + events.joined())
        }

        /// Returns when the client has closed its side.
        func waitForClose() {
            var byte: UInt8 = 0
            while recv(descriptor, &byte, 1, 0) > 0 {}
        }
    }

    private let listener: Int32
    let port: UInt16
    private let seen = Mutex<[Request]>([])

    /// - Parameter handler: gets each request with its number, from 0; the connection closes when it returns.
    init(_ handler: @escaping @Sendable (Request, Int, Connection) -> Void) {
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let (listener, port) = withUnsafeMutablePointer(to: &address) { [listener] pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                precondition(bind(listener, pointer, length) == 0 && listen(listener, 16) == 0)
                getsockname(listener, pointer, &length)
            }
            return (listener, UInt16(bigEndian: pointer.pointee.sin_port))
        }
        self.port = port
        startThread(name: "scripted") { [self] in
            while true {
                let descriptor = accept(listener, nil, nil)
                guard descriptor >= 0 else { return }
                startThread(name: "scripted") { [self] in
                    defer { close(descriptor) }
                    guard let request = Self.read(descriptor) else { return }
                    let number = seen.withLock { seen in
                        seen.append(request)
                        return seen.count - 1
                    }
                    handler(request, number, Connection(descriptor: descriptor))
                }
            }
        }
    }

    var url: String { "http://127.0.0.1:\(port)" }
    var requests: [Request] { seen.withLock { $0 } }

    func stop() { shutdown(listener, Int32(SHUT_RDWR)) }

    private static func read(_ descriptor: Int32) -> Request? {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = recv(descriptor, &buffer, buffer.count, 0)
            guard count > 0 else { return nil }
            bytes += buffer[..<count]
            if let request = parse(String(decoding: bytes, as: UTF8.self)) { return request }
        }
    }

    /// `nil` until it is whole.
    private static func parse(_ text: String) -> Request? {
        guard let end = text.firstRange(of: "\r\n\r\n") else { return nil }
        let lines = text[..<end.lowerBound].split(separator: "\r\n")
        let first = lines[0].split(separator: " ")
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
            let parts = line.split(separator: ":", maxSplits: 1)
            headers[parts[0].lowercased()] = parts.count == 2 ? String(parts[1].drop { $0 == " " }) : ""
        }
        let body = String(text[end.upperBound...])
        guard body.utf8.count >= Int(headers["content-length"] ?? "0")! else { return nil }
        return Request(method: String(first[0]), target: String(first[1]), headers: headers, body: body)
    }
}
