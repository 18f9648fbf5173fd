/// Addresses of HTTP (RFC 3986) that others give us, as text.
public enum WebAddress {
    public static let longest = 2048

    /// Printable ASCII of at most `longest` bytes, no fragment, and nothing that a URL has only escaped.
    public static func isPlain(_ text: String) -> Bool {
        text.utf8.count <= longest && text.utf8.allSatisfy { $0 > 32 && $0 < 127 && !unsafe.contains($0) }
    }

    /// Where it leads. `nil` for what is no plain address, or has a user in it.
    public static func origin(of text: String) -> Origin? {
        guard isPlain(text), let scheme = text.firstRange(of: "://") else { return nil }
        let authority = text[scheme.upperBound...].prefix { $0 != "/" && $0 != "?" }
        return Origin(text[..<scheme.upperBound] + authority)
    }

    /// The same, but only where it leads there by https.
    /// - Parameter allowsLoopback: plain http, too, to this machine: for tests.
    public static func secureOrigin(of text: String, allowsLoopback: Bool) -> Origin? {
        origin(of: text).flatMap { $0.scheme == .https || allowsLoopback && isLoopback($0) ? $0 : nil }
    }

    private static func isLoopback(_ origin: Origin) -> Bool {
        ["localhost", "127.0.0.1", "[::1]"].contains(origin.host)
    }

    private static let unsafe = Set(#"#"<>\^`{|}"#.utf8)
}
