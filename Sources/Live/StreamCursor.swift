public import Core

/// Where an event stream of several logs is: its position in each. Opaque to clients, as `LiveCursor` is.
public struct StreamCursor: Sendable, Equatable {
    /// The channels that a stream may subscribe to, the feed, and the notifications.
    public static let mostLogs = 18
    private static let version: UInt8 = 3
    /// Bytes of a log: a hash of its name, epoch, position.
    private static let width = 19
    private var positions: [UInt32: LiveCursor] = [:]

    public init() {}

    /// `nil`: it says nothing of this log.
    public subscript(key: LogKey) -> LiveCursor? {
        get { positions[Self.hash(key)] }
        set { positions[Self.hash(key)] = newValue }
    }

    public func encode(user: ID, _ signer: CursorSigner) -> String {
        var writer = ByteWriter(capacity: 1 + Self.width * positions.count)
        writer.append(Self.version)
        for (hash, cursor) in positions.sorted(by: { $0.key < $1.key }) {
            writer.append(bigEndian: UInt64(hash), width: 4)
            writer.append(bigEndian: cursor.epoch, width: 8)
            writer.append(bigEndian: UInt64(cursor.position), width: 7)
        }
        return Base64URL.encode(signer.seal(writer.bytes, context: LiveCursor.context(user)))
    }

    public init?(_ text: String, user: ID, _ signer: CursorSigner) {
        let longest = 1 + Self.width * Self.mostLogs
        guard let visible = signer.open(text, atMost: longest, context: LiveCursor.context(user)),
            visible.first == Self.version, visible.count % Self.width == 1
        else { return nil }
        for start in stride(from: 1, to: visible.count, by: Self.width) {
            let number = { (range: Range<Int>) in
                visible[(start + range.lowerBound)..<(start + range.upperBound)].reduce(0) { $0 << 8 | UInt64($1) }
            }
            positions[UInt32(number(0..<4))] = LiveCursor(epoch: number(4..<12), position: Int64(number(12..<19)))
        }
    }

    /// The same by any position that was given out: one alone is one of the feed and of the personal channels.
    public init?(any text: String, user: ID, _ signer: CursorSigner) {
        if let several = StreamCursor(text, user: user, signer) {
            self = several
        } else if let personal = LiveCursor(text, user: user, signer) {
            self[.feed(of: user)] = personal
            self[.channel(.notifications(of: user))] = personal
        } else {
            return nil
        }
    }

    /// FNV-1a. Two logs of one stream that have the same, which nobody gains by, would share a position.
    private static func hash(_ key: LogKey) -> UInt32 {
        key.description.utf8.reduce(0x811c_9dc5) { ($0 ^ UInt32($1)) &* 0x0100_0193 }
    }
}
