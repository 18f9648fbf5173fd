import Glibc

/// The origin of a page (RFC 6454): scheme, host and port. Two texts of one origin are equal: case and a default port
/// make no difference, nor do the spellings of one IPv6 address.
public struct Origin: Hashable, Sendable, CustomStringConvertible {
    public enum Scheme: String, Hashable, Sendable, CaseIterable {
        case http
        case https

        public var defaultPort: UInt16 {
            switch self {
            case .http: 80
            case .https: 443
            }
        }
    }

    public let scheme: Scheme
    /// In lower case; an IPv6 address in brackets, as short as it can be written.
    public let host: String
    /// The one that is meant, also where none was given.
    public let port: UInt16

    /// The text of an `Origin` header: `scheme://host` or `scheme://host:port`. `nil` for `null` and for all that has
    /// more than these three, such as a path, a user or a wildcard.
    public init?(_ text: some StringProtocol) {
        self.init(bytes: Array(text.utf8)[...])
    }

    /// As a person writes it in a setting: a slash at the end is not meant as a path.
    public init?(setting text: some StringProtocol) {
        let bytes = Array(text.utf8)
        self.init(bytes: bytes.last == UInt8(ascii: "/") ? bytes.dropLast() : bytes[...])
    }

    /// - Parameter authority: the text of a `Host` header: a host and perhaps a port.
    public init?(scheme: Scheme, authority: some StringProtocol) {
        self.init(scheme: scheme, authority: Array(authority.utf8)[...])
    }

    private init?(bytes: ArraySlice<UInt8>) {
        for scheme in Scheme.allCases {
            let start = scheme.rawValue + "://"
            let given = bytes.prefix(start.utf8.count)
            guard given.elementsEqual(start.utf8, by: { lowercaseOfASCII($0) == $1 }) else { continue }
            self.init(scheme: scheme, authority: bytes[given.endIndex...])
            return
        }
        return nil
    }

    private init?(scheme: Scheme, authority: ArraySlice<UInt8>) {
        let hostEnd: Int
        if authority.first == UInt8(ascii: "[") {
            guard let bracket = authority.firstIndex(of: UInt8(ascii: "]")),
                let address = Self.shortest(authority[..<bracket].dropFirst())
            else { return nil }
            host = "[\(address)]"
            hostEnd = bracket + 1
        } else {
            hostEnd = authority.firstIndex(of: UInt8(ascii: ":")) ?? authority.endIndex
            let name = authority[..<hostEnd]
            guard (1...253).contains(name.count), name.allSatisfy(Self.isHostByte) else { return nil }
            host = String(decoding: name.map(lowercaseOfASCII), as: UTF8.self)
        }
        guard let port = Self.port(authority[hostEnd...], of: scheme) else { return nil }
        self.scheme = scheme
        self.port = port
    }

    /// As a browser writes it.
    public var description: String {
        "\(scheme.rawValue)://\(host)" + (port == scheme.defaultPort ? "" : ":\(port)")
    }

    /// A name is compared as it is looked up, in ASCII: other scripts are written as `xn--…`, and browsers do so.
    private static func isHostByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 48...57, 65...90, 97...122, UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"): true
        default: false
        }
    }

    /// - Parameter bytes: what follows the host: nothing, or a colon and digits. A colon alone means nothing.
    private static func port(_ bytes: ArraySlice<UInt8>, of scheme: Scheme) -> UInt16? {
        guard let colon = bytes.first else { return scheme.defaultPort }
        let digits = bytes.dropFirst()
        guard colon == UInt8(ascii: ":"), digits.count <= 5, digits.allSatisfy({ (48...57).contains($0) }) else {
            return nil
        }
        if digits.isEmpty { return scheme.defaultPort }
        return UInt16(String(decoding: digits, as: UTF8.self)).flatMap { $0 > 0 ? $0 : nil }
    }

    /// An IPv6 address in its one shortest form.
    private static func shortest(_ bytes: ArraySlice<UInt8>) -> String? {
        var address = in6_addr()
        // C reads up to a NUL only.
        guard !bytes.contains(0), inet_pton(AF_INET6, String(decoding: bytes, as: UTF8.self), &address) == 1 else {
            return nil
        }
        return withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(INET6_ADDRSTRLEN)) { buffer in
            guard inet_ntop(AF_INET6, &address, buffer.baseAddress, socklen_t(buffer.count)) != nil else { return nil }
            return String(cString: buffer.baseAddress!)
        }
    }
}
