import Core

/// An OpenID provider, as the operator has set it.
public struct Provider: Sendable, Equatable {
    /// In paths: 1 to 20 of a-z, 0-9 and `_`, a letter first.
    public let name: String
    /// What people call it.
    public let title: String
    /// Its identifier, to the byte: an address.
    public let issuer: String
    public let clientID: String
    /// `nil`: a public client, which has PKCE alone.
    public let clientSecret: String?
    /// Where it may send people back to, to the byte.
    public let redirects: [String]

    public init(
        name: String, title: String? = nil, issuer: String, clientID: String, clientSecret: String? = nil,
        redirects: [String]
    ) {
        self.name = name
        self.title = title ?? name
        self.issuer = issuer
        self.clientID = clientID
        self.clientSecret = clientSecret
        self.redirects = redirects
    }

    public static func isName(_ text: String) -> Bool {
        guard let first = text.utf8.first, (97...122).contains(first), text.utf8.count <= 20 else { return false }
        return text.utf8.allSatisfy { (97...122).contains($0) || (48...57).contains($0) || $0 == UInt8(ascii: "_") }
    }
}

/// Which addresses of providers are asked.
public enum ProviderAddress {
    /// Printable ASCII, https with a host, no fragment and no user.
    /// - Parameter allowsLoopback: plain http, too, to this machine: for tests.
    public static func isGood(_ text: String, allowsLoopback: Bool) -> Bool {
        WebAddress.secureOrigin(of: text, allowsLoopback: allowsLoopback) != nil
    }

    /// Where people may be sent back to: https, http to this machine, as native applications do (RFC 8252), or a scheme of
    /// an application's own, which has a dot. No fragment.
    public static func isRedirect(_ text: String) -> Bool {
        if isGood(text, allowsLoopback: true) { return true }
        guard WebAddress.isPlain(text), let colon = text.utf8.firstIndex(of: UInt8(ascii: ":")) else { return false }
        let scheme = text.utf8[..<colon]
        return scheme.first.map { (97...122).contains($0) } ?? false
            && scheme.contains(UInt8(ascii: ".")) && scheme.allSatisfy(isSchemeByte)
            && text.utf8.index(after: colon) < text.utf8.endIndex
    }

    /// An issuer's document is at a path below it.
    public static func isIssuer(_ text: String, allowsLoopback: Bool) -> Bool {
        isGood(text, allowsLoopback: allowsLoopback) && !text.utf8.contains(UInt8(ascii: "?"))
    }

    private static func isSchemeByte(_ byte: UInt8) -> Bool {
        (97...122).contains(byte) || (48...57).contains(byte) || [43, 45, 46].contains(byte)
    }
}
