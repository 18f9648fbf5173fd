import CNghttp2
import Glibc
import Runtime

/// A socket that takes the sink's connections. Lives on its loop.
final class SinkListener {
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    let port: UInt16
    private let descriptor: Int32
    private var watch: FileWatch!
    private let taken: (Int32) -> Void

    init(on loop: EventLoop, address: String, port: UInt16, taken: @escaping (Int32) -> Void) throws {
        self.taken = taken
        var hints = addrinfo()
        hints.ai_flags = AI_NUMERICHOST | AI_PASSIVE
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var found: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(address, String(port), &hints, &found) == 0, let found else {
            throw Failure(description: "\(address) is no address")
        }
        defer { freeaddrinfo(found) }
        let info = found.pointee
        descriptor = socket(
            info.ai_family, Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var on: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<Int32>.size))
        guard bind(descriptor, info.ai_addr, info.ai_addrlen) == 0, listen(descriptor, 128) == 0 else {
            let number = errno
            Glibc.close(descriptor)
            throw Failure(
                description: "can't listen on \(address) port \(port): \(String(cString: strerror(number)))")
        }
        self.port = Self.port(of: descriptor)
        watch = FileWatch(on: loop, descriptor: descriptor) { [unowned self] _ in accept() }
        watch.watch(.readable)
    }

    private func accept() {
        while true {
            let new = martlet_h2_accept(descriptor)
            guard new >= 0 else { return }
            var on: Int32 = 1
            setsockopt(new, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
            taken(new)
        }
    }

    func close() {
        watch.cancel()
        Glibc.close(descriptor)
    }

    private static func port(of descriptor: Int32) -> UInt16 {
        var address = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        return withUnsafeMutablePointer(to: &address) { storage in
            storage.withMemoryRebound(to: sockaddr.self, capacity: 1) { _ = getsockname(descriptor, $0, &length) }
            // The port is at the same place in both families.
            return storage.withMemoryRebound(to: sockaddr_in.self, capacity: 1) {
                UInt16(bigEndian: $0.pointee.sin_port)
            }
        }
    }
}

@available(*, unavailable)
extension SinkListener: Sendable {}
