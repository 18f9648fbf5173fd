import Glibc

/// An IPv4 or IPv6 address. Spellings of one address are equal, and so are IPv4 and its IPv4-mapped form
/// (`::ffff:192.0.2.1`): inside, everything is 128 bits.
public struct IPAddress: Hashable, Sendable {
    let high: UInt64
    let low: UInt64

    private static let mapped: UInt64 = 0xffff_0000_0000

    /// `nil` for what is no address. A zone (`%eth0`) is left out.
    public init?(_ text: some StringProtocol) {
        let bare = String(Substring(text).utf8.prefix { $0 != UInt8(ascii: "%") }) ?? ""
        var v4 = in_addr()
        var v6 = in6_addr()
        // C reads up to a NUL only.
        guard !bare.utf8.contains(0) else { return nil }
        if inet_pton(AF_INET, bare, &v4) == 1 {
            (high, low) = (0, Self.mapped | UInt64(UInt32(bigEndian: v4.s_addr)))
        } else if inet_pton(AF_INET6, bare, &v6) == 1 {
            (high, low) = withUnsafeBytes(of: &v6) {
                (
                    UInt64(bigEndian: $0.loadUnaligned(as: UInt64.self)),
                    UInt64(bigEndian: $0.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
                )
            }
        } else {
            return nil
        }
    }

    /// An entry of `X-Forwarded-For`, which some proxies write with a port: `192.0.2.1:4711`, `[2001:db8::1]:4711`.
    public init?(forwarded text: some StringProtocol) {
        // The longest has 45 characters, a port, and perhaps a zone.
        guard text.utf8.count <= 100 else { return nil }
        let text = String(text.filter { $0 != " " && $0 != "\t" })
        if text.hasPrefix("[") {
            guard let end = text.firstIndex(of: "]") else { return nil }
            self.init(text[..<end].dropFirst())
        } else if text.contains("."), text.count(where: { $0 == ":" }) == 1 {
            self.init(text.prefix { $0 != ":" })
        } else {
            self.init(text)
        }
    }

    public var isIPv4: Bool { high == 0 && low >> 32 == Self.mapped >> 32 }

    /// What one customer may have at most: an IPv4 address, the first 48 bits of an IPv6 address.
    public var site: IPAddress { isIPv4 ? self : IPAddress(high: high & ~0xffff, low: 0) }

    private init(high: UInt64, low: UInt64) {
        (self.high, self.low) = (high, low)
    }

    /// Names what one customer of a provider has: an IPv4 address, the first 64 bits of an IPv6 address.
    public var customer: String {
        isIPv4 ? "4:" + String(low & 0xffff_ffff, radix: 16) : "6:" + String(high, radix: 16)
    }
}

/// All addresses that begin with the same bits.
public struct IPRange: Hashable, Sendable {
    private let first: IPAddress
    /// Of 128 bits.
    private let prefix: Int

    /// `10.0.0.0/8`, `2001:db8::/32`, or one address. `nil` for anything else, and where a bit is set behind the prefix:
    /// who writes `10.0.0.1/8` meant something narrower.
    public init?(_ text: some StringProtocol) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count <= 2, !text.contains("%"), let address = IPAddress(parts[0]) else { return nil }
        let offset = parts[0].contains(":") ? 0 : 96
        first = address
        if parts.count == 2 {
            guard let given = Int(parts[1]), String(given) == parts[1], (0...(128 - offset)).contains(given) else {
                return nil
            }
            prefix = given + offset
        } else {
            prefix = 128
        }
        guard first.high & ~Self.mask(prefix) == 0, first.low & ~Self.mask(prefix - 64) == 0 else { return nil }
    }

    public func contains(_ address: IPAddress) -> Bool {
        (address.high ^ first.high) & Self.mask(prefix) == 0 && (address.low ^ first.low) & Self.mask(prefix - 64) == 0
    }

    /// So many of the first of 64 bits; less than none is none, more than all is all.
    private static func mask(_ bits: Int) -> UInt64 {
        bits <= 0 ? 0 : bits >= 64 ? .max : ~(.max >> UInt64(bits))
    }
}
