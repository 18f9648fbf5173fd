public import Core

/// Signs cursors so that an altered one, one of another list or of another user is told from a good one. SipHash with
/// a secret key: 64 bits, for tokens that open nothing by themselves.
public struct CursorSigner: Sendable {
    private let hash: SipHash

    /// - Parameter key: 16 secret bytes or more.
    public init(key: [UInt8]) {
        hash = SipHash(key: key)
    }

    fileprivate func seal(_ visible: [UInt8], context: [UInt8]) -> [UInt8] {
        var writer = ByteWriter(capacity: visible.count + 8)
        writer.append(visible)
        writer.append(bigEndian: hash.hash(visible + context), width: 8)
        return writer.bytes
    }

    /// The visible part, or `nil`.
    fileprivate func open(_ text: String, length: Int, context: [UInt8]) -> [UInt8]? {
        guard text.utf8.count <= 64, let bytes = Base64URL.decode(text), bytes.count == length + 8 else { return nil }
        let visible = Array(bytes.prefix(length))
        // The time of this comparison tells nothing worth knowing: a forged cursor shows only what its user may see.
        return seal(visible, context: context) == bytes ? visible : nil
    }
}

/// Where a page of a list goes on: below this id.
public struct PageCursor: Sendable, Equatable {
    /// Which list: the lists of a user name that user.
    public enum List: Sendable, Equatable {
        case feed
        /// A feed whose pages come from the database, for the page before did.
        case storedFeed
        case posts(of: ID)
        case followers(of: ID)
        case following(of: ID)

        fileprivate var context: (tag: UInt8, subject: ID) {
            switch self {
            case .feed: (1, .zero)
            case .posts(let user): (2, user)
            case .followers(let user): (3, user)
            case .following(let user): (4, user)
            case .storedFeed: (5, .zero)
            }
        }
    }

    private static let version: UInt8 = 1
    public let below: ID

    public init(below: ID) {
        self.below = below
    }

    /// - Parameter viewer: the caller; `ID.zero` for one who is not signed in.
    public func encode(_ list: List, viewer: ID, _ signer: CursorSigner) -> String {
        var writer = ByteWriter(capacity: 16)
        writer.append(Self.version)
        writer.append(bigEndian: UInt64(below.raw), width: 7)
        return Base64URL.encode(signer.seal(writer.bytes, context: Self.context(list, viewer)))
    }

    public init?(_ text: String, _ list: List, viewer: ID, _ signer: CursorSigner) {
        guard let visible = signer.open(text, length: 8, context: Self.context(list, viewer)),
            visible[0] == Self.version
        else { return nil }
        below = ID(raw: visible.dropFirst().reduce(0) { $0 << 8 | Int64($1) })
    }

    private static func context(_ list: List, _ viewer: ID) -> [UInt8] {
        var writer = ByteWriter(capacity: 17)
        let (tag, subject) = list.context
        writer.append(tag)
        writer.append(bigEndian: UInt64(subject.raw), width: 8)
        writer.append(bigEndian: UInt64(viewer.raw), width: 8)
        return writer.bytes
    }
}

/// A position in a user's live feed: `live` in REST, `id:` in SSE; its parts are `epoch` and `offset` in WebSocket.
public struct LiveCursor: Sendable, Equatable {
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

    private static func context(_ user: ID) -> [UInt8] {
        var writer = ByteWriter(capacity: 8)
        writer.append(bigEndian: UInt64(user.raw), width: 8)
        return writer.bytes
    }
}
