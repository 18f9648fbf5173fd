import Core
import Glibc
import Sidecars

/// The address of the settings, resolved: what is listened on, and how a client is told of it.
struct ListenAddress {
    /// Numbers; `::` takes IPv4, too.
    let numeric: [String]
    /// For a URL.
    private let host: String

    static let expected = "an IPv4 or IPv6 address of this machine, or a name that has one"

    /// - Throws: `Failure`: the address that a name has is known to the resolver only.
    init(_ values: SettingValues) throws {
        let given = values.text("address")!
        // Both of them: a client may take either.
        if given.lowercased() == "localhost" {
            numeric = ["127.0.0.1"] + (Self.has("::1") ? ["::1"] : [])
            host = "localhost"
            return
        }
        guard let found = Self.resolve(given) else {
            throw Failure(
                "\(values.given("address")) is '\(given)': no address of that name is known; expected \(Self.expected)",
                exitCode: 2)
        }
        // A machine without IPv6.
        numeric = found == "::" && !Self.has("::") ? ["0.0.0.0"] : [found]
        let isName = !given.contains(":") && given.contains { $0.isLetter }
        switch found {
        case "::", "0.0.0.0": host = "localhost"
        case _ where isName: host = given
        // The sign before an interface's name is the escape of a URL.
        case _ where found.contains(":"): host = "[\(found.replacing("%", with: "%25"))]"
        default: host = found
        }
    }

    func url(port: Int) -> String { "http://\(host):\(port)" }

    /// Says what others can reach: passwords and tokens go as they are.
    func warnOfExposure(port: Int) {
        guard !numeric.allSatisfy(Self.isLoopback) else { return }
        Log.warning(
            .addressExposed,
            [
                "address": .text(numeric.joined(separator: ",")), "port": .number(Int64(port)),
                "hint": "open to other machines, in plain HTTP: put a gateway with TLS in front, and let only it in",
                "see": "docs/security.md",
            ])
    }

    static func isLoopback(_ numeric: String) -> Bool {
        numeric == "::1" || numeric.hasPrefix("127.") || numeric.hasPrefix("::ffff:127.")
    }

    /// Sockets with the addresses, before the private servers start, which takes seconds, and while root may still open
    /// ports below 1024. They are not listened on yet.
    /// - Returns: one of each address for each of so many loops.
    func bind(_ values: SettingValues, loops: Int) throws -> [[Int32]] {
        let port = values.number("port")
        for numeric in numeric {
            // Whether it can be listened on is known by doing so.
            if case .failure(let error) = Self.bound(numeric, port: port, andListen: true).map({ close($0) }) {
                throw failure(error.number, values)
            }
        }
        return try (0..<loops).map { loop in
            try numeric.map { numeric in
                // The first one is refused where another process has the port; only then it is shared, by us.
                let descriptor = try Self.bound(numeric, port: port, andListen: false, isShared: loop > 0)
                    .mapError { failure($0.number, values) }.get()
                if loops > 1 { Self.set(descriptor, SO_REUSEPORT) }
                return descriptor
            }
        }
    }

    private static func set(_ descriptor: Int32, _ option: Int32) {
        var on: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, option, &on, socklen_t(MemoryLayout<Int32>.size))
    }

    private struct SystemError: Error {
        let number: Int32
    }

    private static func bound(
        _ numeric: String, port: Int, andListen listens: Bool, isShared: Bool = false
    ) -> Result<Int32, SystemError> {
        var hints = addrinfo()
        hints.ai_flags = AI_NUMERICHOST | AI_PASSIVE
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(numeric, String(port), &hints, &list) == 0, let list else {
            return .failure(SystemError(number: EINVAL))
        }
        defer { freeaddrinfo(list) }
        let info = list.pointee
        let kind = SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue
        let descriptor = socket(info.ai_family, Int32(kind), 0)
        guard descriptor >= 0 else { return .failure(SystemError(number: errno)) }
        set(descriptor, SO_REUSEADDR)
        if isShared { set(descriptor, SO_REUSEPORT) }
        var off: Int32 = 0
        let size = socklen_t(MemoryLayout<Int32>.size)
        if info.ai_family == AF_INET6 { setsockopt(descriptor, Int32(IPPROTO_IPV6), IPV6_V6ONLY, &off, size) }
        guard Glibc.bind(descriptor, info.ai_addr, info.ai_addrlen) == 0, !listens || listen(descriptor, 1) == 0 else {
            let number = errno
            close(descriptor)
            return .failure(SystemError(number: number))
        }
        return .success(descriptor)
    }

    private func failure(_ number: Int32, _ values: SettingValues) -> Failure {
        let port = values.number("port")
        let address = values.text("address")!
        return switch number {
        case EADDRINUSE:
            Failure("port \(port) is taken: stop what listens there, or choose another \(values.given("port"))")
        case EACCES:
            Failure(
                "\(values.given("port")) is '\(port)', which this user may not open: expected a number from 1024 on",
                exitCode: 2)
        case EADDRNOTAVAIL:
            Failure(
                "\(values.given("address")) is '\(address)', which this machine does not have: expected \(Self.expected)",
                exitCode: 2)
        default:
            Failure("\(values.given("address")) is '\(address)', port \(port): \(String(cString: strerror(number)))")
        }
    }

    /// The first IPv4 address of a name, or else its first.
    private static func resolve(_ name: String) -> String? {
        var hints = addrinfo()
        hints.ai_flags = AI_PASSIVE
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        guard !name.isEmpty, getaddrinfo(name, nil, &hints, &list) == 0 else { return nil }
        defer { freeaddrinfo(list) }
        var found: [(family: Int32, text: String)] = []
        var next = list
        while let entry = next?.pointee {
            if let text = numeric(entry) { found.append((entry.ai_family, text)) }
            next = entry.ai_next
        }
        return (found.first { $0.family == AF_INET } ?? found.first)?.text
    }

    private static func numeric(_ entry: addrinfo) -> String? {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(NI_MAXHOST)) { buffer in
            let status = getnameinfo(
                entry.ai_addr, entry.ai_addrlen, buffer.baseAddress, socklen_t(buffer.count), nil, 0, NI_NUMERICHOST)
            return status == 0 ? String(cString: buffer.baseAddress!) : nil
        }
    }

    /// Whether this machine has the address.
    private static func has(_ numeric: String) -> Bool {
        guard case .success(let descriptor) = bound(numeric, port: 0, andListen: false) else { return false }
        close(descriptor)
        return true
    }
}
