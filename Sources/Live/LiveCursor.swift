public import Core

/// A position in a user's live feed: `live` in REST, `id:` in SSE; its parts are `epoch` and `offset` in WebSocket.
public struct LiveCursor: Sendable, Hashable {
    private static let version: UInt8 = 2
    /// Of an epoch that no clock has: to resume from it is a reset.
    public static let outOfEveryWindow = LiveCursor(epoch: 0, position: 0)
    /// Names the life of the partition's Redis clock. Positions of different epochs can't be compared.
    public let epoch: UInt64
    /// Microseconds of that clock; 53 bits.
    public let position: Int64

    public init(epoch: UInt64, position: Int64) {
        self.epoch = epoch
        self.position = position
    }

    public func encode(user: ID, _ signer: CursorSigner) -> String {
        var writer = ByteWriter(capacity: 16)
        writer.append(Self.version)
        writer.append(bigEndian: epoch, width: 8)
        writer.append(bigEndian: UInt64(position), width: 7)
        return Base64URL.encode(signer.seal(writer.bytes, context: Self.context(user)))
    }

    public init?(_ text: String, user: ID, _ signer: CursorSigner) {
        guard let visible = signer.open(text, length: 16, context: Self.context(user)), visible[0] == Self.version
        else {
            return nil
        }
        epoch = visible[1..<9].reduce(0) { $0 << 8 | UInt64($1) }
        position = visible[9..<16].reduce(0) { $0 << 8 | Int64($1) }
    }

    /// 16 hexadecimal digits, as the Centrifugo protocol carries it.
    public var epochName: String {
        var writer = ByteWriter(capacity: 16)
        writer.append(hex: (0..<8).map { UInt8(truncatingIfNeeded: epoch >> UInt64(56 - $0 * 8)) })
        return writer.string
    }

    public static func epoch(named name: String) -> UInt64? {
        // One name for each epoch: no capitals, no sign.
        UInt64(name, radix: 16).flatMap { LiveCursor(epoch: $0, position: 0).epochName == name ? $0 : nil }
    }

    static func context(_ user: ID) -> [UInt8] {
        var writer = ByteWriter(capacity: 8)
        writer.append(bigEndian: UInt64(user.raw), width: 8)
        return writer.bytes
    }
}
