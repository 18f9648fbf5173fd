import Core
import Glibc
import Sidecars

/// The address of the settings, resolved: what is listened on, and how a client is told of it.
struct ListenAddress {
    /// A number; `::` takes IPv4, too.
    let numeric: String
    /// For a URL.
    private let host: String

    static let expected = "an IPv4 or IPv6 address of this machine, or a name that has one"

    /// - Throws: `Failure`: the address that a name has is known to the resolver only.
    init(_ values: SettingValues) throws {
        let given = values.text("address")!
        guard let numeric = Self.resolve(given) else {
            throw Failure(
                "\(values.given("address")) is '\(given)': no address of that name is known; expected \(Self.expected)",
                exitCode: 2)
        }
        switch numeric {
        // A machine without IPv6.
        case "::" where !Self.has(AF_INET6): self.numeric = "0.0.0.0"
        default: self.numeric = numeric
        }
        let isName = !given.contains(":") && given.contains { $0.isLetter }
        switch numeric {
        case "::", "0.0.0.0": host = "localhost"
        case _ where isName: host = given
        // The sign before an interface's name is the escape of a URL.
        case _ where numeric.contains(":"): host = "[\(numeric.replacing("%", with: "%25"))]"
        default: host = numeric
        }
    }

    func url(port: Int) -> String { "http://\(host):\(port)" }

    /// Whether it can be listened on, before the private servers start, which takes seconds.
    func check(_ values: SettingValues) throws {
        let port = values.number("port")
        let failure = Self.withAddress(numeric, port: port) { info -> Int32? in
            let descriptor = socket(info.ai_family, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
            guard descriptor >= 0 else { return errno }
            defer { close(descriptor) }
            var on: Int32 = 1
            let size = socklen_t(MemoryLayout<Int32>.size)
            setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, size)
            var off: Int32 = 0
            if info.ai_family == AF_INET6 { setsockopt(descriptor, Int32(IPPROTO_IPV6), IPV6_V6ONLY, &off, size) }
            guard bind(descriptor, info.ai_addr, info.ai_addrlen) == 0, listen(descriptor, 1) == 0 else { return errno }
            return nil
        }
        guard let failure else { return }
        let address = values.text("address")!
        switch failure {
        case EADDRINUSE:
            throw Failure("port \(port) is taken: stop what listens there, or choose another \(values.given("port"))")
        case EACCES:
            throw Failure(
                "\(values.given("port")) is '\(port)', which this user may not open: expected a number from 1024 on",
                exitCode: 2)
        case EADDRNOTAVAIL:
            throw Failure(
                "\(values.given("address")) is '\(address)', which this machine does not have: expected \(Self.expected)",
                exitCode: 2)
        default:
            throw Failure(
                "\(values.given("address")) is '\(address)', port \(port): \(String(cString: strerror(failure)))")
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

    private static func withAddress<R>(_ numeric: String, port: Int, _ body: (addrinfo) -> R?) -> R? {
        var hints = addrinfo()
        hints.ai_flags = AI_NUMERICHOST | AI_PASSIVE
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(numeric, String(port), &hints, &list) == 0, let entry = list else { return nil }
        defer { freeaddrinfo(list) }
        return body(entry.pointee)
    }

    private static func has(_ family: Int32) -> Bool {
        let descriptor = socket(family, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        if descriptor >= 0 { close(descriptor) }
        return descriptor >= 0
    }
}
