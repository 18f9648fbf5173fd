import CLibwebsockets
import Glibc
import Runtime

/// A listening TCP socket on a loop. What it accepts is non-blocking, closed on exec, and inherits its options.
final class Listener {
    let port: Int
    private let descriptor: Int32
    private var watch: FileWatch?
    private var rest: LoopTimer?
    private let loop: EventLoop
    private let accepted: (Int32, String) -> Void

    /// - Parameters:
    ///   - bound: a socket that is bound already, in place of the options' address and port.
    ///   - accepted: gets the descriptor and the peer's address.
    init(
        _ loop: EventLoop, _ options: ServerOptions, bound: Int32? = nil, accepted: @escaping (Int32, String) -> Void
    ) throws(SocketError) {
        self.loop = loop
        self.accepted = accepted
        descriptor = if let bound { try Self.adopt(bound, options) } else { try Self.open(options) }
        port = Self.localPort(descriptor)
        // Enough for a burst, and few enough that others on the loop don't wait for long.
        let watch = FileWatch(on: loop, descriptor: descriptor) { [unowned self] _ in accept(atMost: 128) }
        watch.watch(.readable)
        self.watch = watch
    }

    /// Accepts those who have already connected: the kernel would reset them.
    func close() {
        guard let watch else { return }
        accept(atMost: 4096)
        watch.cancel()
        self.watch = nil
        rest = nil
        Glibc.close(descriptor)
    }

    private func accept(atMost count: Int) {
        for _ in 0..<count {
            var address = sockaddr_storage()
            var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
            let new = withUnsafeMutablePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    martlet_accept(descriptor, $0, &length)
                }
            }
            if new >= 0 {
                accepted(new, Self.text(&address, length))
            } else if errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM {
                return takeRest()
            } else if errno == EAGAIN {
                return
            }
        }
    }

    /// The system is out of room: the socket stays readable, and without a pause the loop would spin.
    private func takeRest() {
        watch?.watch([])
        rest = LoopTimer(on: loop, after: 500) { [unowned self] in
            rest = nil
            watch?.watch(.readable)
        }
    }

    // MARK: Addresses

    private static func adopt(_ descriptor: Int32, _ options: ServerOptions) throws(SocketError) -> Int32 {
        // Which families it takes was settled when it was bound.
        try configure(descriptor, options, isIPv6: false)
        guard listen(descriptor, Int32(options.backlog)) == 0 else {
            throw SocketError(call: "listen", number: errno)
        }
        return descriptor
    }

    private static func open(_ options: ServerOptions) throws(SocketError) -> Int32 {
        var hints = addrinfo()
        hints.ai_flags = AI_NUMERICHOST | AI_PASSIVE
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var found: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(options.address, String(options.port), &hints, &found) == 0, let found else {
            throw SocketError(call: "address \(options.address)", number: EINVAL)
        }
        defer { freeaddrinfo(found) }
        let info = found.pointee
        let descriptor = socket(
            info.ai_family, Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw SocketError(call: "socket", number: errno) }
        do throws(SocketError) {
            try configure(descriptor, options, isIPv6: info.ai_family == AF_INET6)
            guard bind(descriptor, info.ai_addr, info.ai_addrlen) == 0 else {
                throw SocketError(call: "bind \(options.address) port \(options.port)", number: errno)
            }
            guard listen(descriptor, Int32(options.backlog)) == 0 else {
                throw SocketError(call: "listen", number: errno)
            }
        } catch {
            Glibc.close(descriptor)
            throw error
        }
        return descriptor
    }

    /// Linux hands all of these on to accepted sockets.
    private static func configure(
        _ descriptor: Int32, _ options: ServerOptions, isIPv6: Bool
    ) throws(SocketError) {
        try set(descriptor, SOL_SOCKET, SO_REUSEADDR, 1)
        if options.reusePort { try set(descriptor, SOL_SOCKET, SO_REUSEPORT, 1) }
        if isIPv6 { try set(descriptor, Int32(IPPROTO_IPV6), IPV6_V6ONLY, 0) }
        let tcp = Int32(IPPROTO_TCP)
        try set(descriptor, tcp, TCP_NODELAY, 1)
        // A client that does not read costs 10 KB instead of megabytes of send buffer, and is noticed early.
        try set(descriptor, tcp, TCP_NOTSENT_LOWAT, 16_384)
        // The kernel, too, gives up on a peer that has vanished or keeps its window shut; not before it could be told.
        try set(descriptor, tcp, TCP_USER_TIMEOUT, Int32(clamping: options.writeTimeout + 15_000))
        try set(descriptor, SOL_SOCKET, SO_KEEPALIVE, 1)
        try set(descriptor, tcp, TCP_KEEPIDLE, 60)
    }

    private static func set(
        _ descriptor: Int32, _ level: Int32, _ option: Int32, _ value: Int32
    ) throws(SocketError) {
        var value = value
        guard setsockopt(descriptor, level, option, &value, socklen_t(MemoryLayout<Int32>.size)) == 0 else {
            throw SocketError(call: "setsockopt \(option)", number: errno)
        }
    }

    private static func localPort(_ descriptor: Int32) -> Int {
        var address = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        return withUnsafeMutablePointer(to: &address) { storage in
            storage.withMemoryRebound(to: sockaddr.self, capacity: 1) { _ = getsockname(descriptor, $0, &length) }
            // The port is at the same place in both families.
            return storage.withMemoryRebound(to: sockaddr_in.self, capacity: 1) {
                Int(UInt16(bigEndian: $0.pointee.sin_port))
            }
        }
    }

    /// The numeric address; one of IPv4 within IPv6 as IPv4.
    private static func text(_ address: inout sockaddr_storage, _ length: socklen_t) -> String {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(NI_MAXHOST)) { host in
            let status = withUnsafePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    getnameinfo($0, length, host.baseAddress, socklen_t(host.count), nil, 0, NI_NUMERICHOST)
                }
            }
            guard status == 0, let base = host.baseAddress else { return "unknown" }
            let text = String(cString: base)
            return text.hasPrefix("::ffff:") && text.contains(".") ? String(text.dropFirst(7)) : text
        }
    }
}
