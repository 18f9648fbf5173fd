public import Core
import Live

/// What Redis publishes to a realtime node: one message for each event, partition and node. `Timelines/Lua/publish.lua`
/// writes it; nodes parse it once and hand the payload to all recipients.
///
/// Big-endian: version 1 (1), kind (1), number (7), position (7), epoch (16 hexadecimal digits), then by kind
/// - 1, event: operation (1), post (7), author (7), recipients, missing users, length of the payload (4), payload;
/// - 2, probe: nothing;
/// - 3, reset: users.
/// Users are a count (4) and 7 bytes each.
public struct NodeMessage: Equatable, Sendable {
    /// The version of the format, the first byte.
    public static let version: UInt8 = 1

    public enum Operation: UInt8, Sendable {
        case created = 1
        case deleted = 2
        case updated = 3
    }

    public struct Event: Equatable, Sendable {
        public let operation: Operation
        public let post: ID
        public let author: ID
        /// Users of the node whose timeline changed with this event.
        public let recipients: [ID]
        /// Users of the node who have no timeline: as for `reset`.
        public let missing: [ID]
        /// The event as clients get it, tagged: see `TaggedEvent`.
        public let payload: [UInt8]

        public init(
            operation: Operation, post: ID, author: ID, recipients: [ID], missing: [ID], payload: [UInt8]
        ) {
            self.operation = operation
            self.post = post
            self.author = author
            self.recipients = recipients
            self.missing = missing
            self.payload = payload
        }
    }

    public enum Body: Equatable, Sendable {
        case event(Event)
        /// Only tells number, clock and epoch, while a channel is quiet.
        case probe
        /// The timelines of these users were dropped or rebuilt: see to it that there is one, then reset those of their
        /// clients that have not read it since, by position.
        case reset([ID])
    }

    /// Counts up by one for each message of a partition to a node. Another number than the next: something was missed.
    public let number: Int64
    /// Of the event or reset; of a probe, the partition's clock. What a client has read up to this position or a later
    /// one covers the message.
    public let position: Int64
    /// As in `LiveCursor`.
    public let epoch: UInt64
    public let body: Body

    public init(number: Int64, position: Int64, epoch: UInt64, body: Body) {
        self.number = number
        self.position = position
        self.epoch = epoch
        self.body = body
    }

    /// `nil` for anything that the scripts do not write: another version or kind, a length that does not fit, bytes
    /// left over, a payload that is not a tagged event. Who may publish in Redis must not write what clients read.
    public init?(_ bytes: [UInt8]) {
        var reader = ByteReader(bytes)
        guard reader.unsigned(width: 1) == UInt64(Self.version), let kind = reader.unsigned(width: 1),
            let number = reader.timelineNumber(), let position = reader.timelineNumber(),
            let epoch = reader.epoch(),
            let body = Self.body(kind: kind, &reader), reader.remaining == 0
        else { return nil }
        self.init(number: number, position: position, epoch: epoch, body: body)
    }

    private static func body(kind: UInt64, _ reader: inout ByteReader) -> Body? {
        switch kind {
        case 1: event(&reader).map { .event($0) }
        case 2: .probe
        case 3: reader.users().map { .reset($0) }
        default: nil
        }
    }

    private static func event(_ reader: inout ByteReader) -> Event? {
        guard let code = reader.unsigned(width: 1), let operation = Operation(rawValue: UInt8(code)),
            let post = reader.timelineNumber(), let author = reader.timelineNumber(),
            let recipients = reader.users(), let missing = reader.users(),
            let length = reader.unsigned(width: 4), let bytes = reader.take(Int(length))
        else { return nil }
        let payload = Array(bytes)
        guard TaggedEvent.isWellFormed(payload) else { return nil }
        return Event(
            operation: operation, post: ID(raw: post), author: ID(raw: author), recipients: recipients,
            missing: missing, payload: payload)
    }

    /// What the scripts write, for tests and tools.
    public var bytes: [UInt8] {
        var writer = ByteWriter(capacity: 64)
        writer.append(Self.version)
        writer.append(kind)
        writer.append(bigEndian: UInt64(number), width: 7)
        writer.append(bigEndian: UInt64(position), width: 7)
        writer.append(LiveCursor(epoch: epoch, position: position).epochName)
        switch body {
        case .probe: break
        case .reset(let users): writer.append(users: users)
        case .event(let event):
            writer.append(event.operation.rawValue)
            writer.append(bigEndian: UInt64(event.post.raw), width: 7)
            writer.append(bigEndian: UInt64(event.author.raw), width: 7)
            writer.append(users: event.recipients)
            writer.append(users: event.missing)
            writer.append(bigEndian: UInt64(event.payload.count), width: 4)
            writer.append(event.payload)
        }
        return writer.bytes
    }

    private var kind: UInt8 {
        switch body {
        case .event: 1
        case .probe: 2
        case .reset: 3
        }
    }
}

extension ByteReader {
    /// Lower-case hexadecimal, 16 digits.
    fileprivate mutating func epoch() -> UInt64? {
        var value: UInt64 = 0
        guard let digits = take(16) else { return nil }
        for digit in digits {
            switch digit {
            case 48...57: value = value << 4 | UInt64(digit - 48)
            case 97...102: value = value << 4 | UInt64(digit - 87)
            default: return nil
            }
        }
        return value
    }

    fileprivate mutating func users() -> [ID]? {
        // The count is checked against what is left before anything is reserved for it.
        guard let count = unsigned(width: 4), Int(count) <= remaining / 7 else { return nil }
        var users: [ID] = []
        users.reserveCapacity(Int(count))
        for _ in 0..<count {
            guard let user = timelineNumber() else { return nil }
            users.append(ID(raw: user))
        }
        return users
    }
}

extension ByteWriter {
    fileprivate mutating func append(users: [ID]) {
        append(bigEndian: UInt64(users.count), width: 4)
        for user in users { append(bigEndian: UInt64(user.raw), width: 7) }
    }
}
