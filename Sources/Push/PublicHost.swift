public import Core

/// What may be sent to: hosts of the internet, and none of a network of our own. Users name these hosts.
public enum PublicHost {
    /// IANA's registries of special addresses, without those that are reachable from everywhere.
    private static let special = [
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
        "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
        "224.0.0.0/4", "240.0.0.0/4",
        // Protocols' own, Teredo and 6to4 among them, which have an IPv4 address inside; and documentation.
        "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20",
    ].map { range($0) }
    /// All of IPv6 that is given out.
    private static let global = range("2000::/3")
    /// Names that no public server answers for (RFC 6761, 6762, 7686, 8375, 9476, and ICANN's `internal`).
    private static let specialNames = [
        "localhost", "local", "internal", "invalid", "test", "onion", "alt", "home.arpa",
    ]

    private static func range(_ text: String) -> IPRange {
        guard let range = IPRange(text) else { preconditionFailure("\(text) is no range") }
        return range
    }

    /// To be asked of the address that a socket is opened to: names change what they mean, and redirects lead anywhere.
    public static func isPublic(_ address: IPAddress) -> Bool {
        (address.isIPv4 || global.contains(address)) && !special.contains { $0.contains(address) }
    }

    /// Whether a host may be one, as far as its text says.
    /// - Parameter host: as `Origin` has it.
    public static func mayBePublic(_ host: String) -> Bool {
        if host.hasPrefix("[") { return IPAddress(host.dropFirst().dropLast()).map(isPublic) ?? false }
        if let address = IPAddress(host) { return isPublic(address) }
        // A period at its end says only that it is a whole name.
        let name = host.hasSuffix(".") ? String(host.dropLast()) : host
        let labels = name.split(separator: ".", omittingEmptySubsequences: false)
        guard labels.count > 1, labels.allSatisfy({ Checks.isName(String($0), 1...63, and: "-_") }),
            let last = labels.last
        else { return false }
        // C's resolver takes `127.1`, `0x7f.1` and `2130706433` for addresses, too.
        guard !last.utf8.allSatisfy({ (48...57).contains($0) }), !last.hasPrefix("0x") else { return false }
        return !specialNames.contains { name.isExactly($0) || name.hasSuffix("." + $0) }
    }
}
