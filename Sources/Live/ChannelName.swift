public import Core

/// What clients subscribe to: `post:123`. Its kind says which domain knows it, its key which one of them.
public struct ChannelName: Hashable, Sendable, CustomStringConvertible {
    /// Bytes, as in Centrifugo.
    public static let longest = 255

    public let kind: String
    private let text: ExactText

    /// `nil` unless it is at most 255 bytes: 1 to 32 of `a-z`, a colon, and a key that is not empty and has no control
    /// character and no space. Whether there is such a kind, and such a key, is its domain's to say.
    public init?(_ text: String) {
        guard text.utf8.count <= Self.longest, let colon = text.utf8.firstIndex(of: UInt8(ascii: ":")) else {
            return nil
        }
        let kind = text.utf8[..<colon]
        let key = text.utf8[colon...].dropFirst()
        guard (1...32).contains(kind.count), kind.allSatisfy({ (97...122).contains($0) }), !key.isEmpty,
            key.allSatisfy({ $0 > 32 && $0 != 127 })
        else { return nil }
        self.kind = String(Substring(kind))
        self.text = ExactText(text)
    }

    /// - Precondition: as above.
    public init(kind: String, id: ID) {
        guard let name = ChannelName("\(kind):\(id)") else { preconditionFailure("'\(kind)' is no kind of channels") }
        self = name
    }

    public var key: String { String(Substring(text.text.utf8.dropFirst(kind.utf8.count + 1))) }

    public var description: String { text.text }

    // MARK: Personal channels: each key is a user, who alone may subscribe

    /// Their kind; what their owners call them in the parameter `channels`.
    public static let notificationsKind = "notifications"

    public static func notifications(of user: ID) -> ChannelName { ChannelName(kind: notificationsKind, id: user) }

    /// Whose it is; `nil`: it is none of these.
    public var owner: ID? { kind.isExactly(Self.notificationsKind) ? ID(key) : nil }

    /// As event streams and long polls name it, whose caller is its owner.
    public var nameToOwner: String { owner == nil ? description : kind }

    // MARK: Where it is

    /// 0 to 1023, like a user's: see `Bucket`. A personal one has its owner's, so it has the clock of the owner's feed: a position of
    /// either is one of both.
    public var bucket: Int {
        if let owner { return Bucket.of(owner) }
        // FNV-1a.
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in text.text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
        return Bucket.of(ID(raw: Int64(bitPattern: hash)))
    }
}

extension Partitions {
    public func of(_ channel: ChannelName) -> Int { channel.bucket * count / Bucket.count }
}
