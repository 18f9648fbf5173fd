import Glibc
import Runtime
import Synchronization

/// A server of plain HTTP/1.1 that says what it is told to, whatever it hears: one connection after the other.
final class RawServer: Sendable {
    let port: UInt16
    private let descriptor: Int32
    private let connections = Atomic<Int>(0)

    var count: Int { connections.load(ordering: .acquiring) }

    /// - Parameter answer: written when a request has come; the connection is closed behind it.
    init(_ answer: [UInt8]) {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let descriptor = descriptor
        port = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                precondition(bind(descriptor, $0, length) == 0 && listen(descriptor, 16) == 0)
                getsockname(descriptor, $0, &length)
            }
            return UInt16(bigEndian: pointer.pointee.sin_port)
        }
        startThread(name: "raw") { [weak self] in
            while true {
                let peer = accept(descriptor, nil, nil)
                guard peer >= 0 else { return }
                self?.connections.add(1, ordering: .releasing)
                Self.serve(peer, answer)
            }
        }
    }

    private static func serve(_ peer: Int32, _ answer: [UInt8]) {
        var bytes = [UInt8](repeating: 0, count: 65_536)
        var heard: [UInt8] = []
        // All of these tests' requests end with this body.
        while !heard.suffix(3).elementsEqual("end".utf8) {
            let count = recv(peer, &bytes, bytes.count, 0)
            guard count > 0 else { break }
            heard += bytes.prefix(count)
        }
        var sent = 0
        while sent < answer.count {
            let count = answer.withUnsafeBytes {
                send(peer, $0.baseAddress! + sent, $0.count - sent, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { break }
            sent += count
        }
        close(peer)
    }

    deinit { shutdown(descriptor, Int32(SHUT_RDWR)) }
}
