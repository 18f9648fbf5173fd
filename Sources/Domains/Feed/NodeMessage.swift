public import Core
import Live

/// What Redis publishes to a realtime node: one message for each event, partition and node. The scripts of `Timelines`
/// write it; nodes parse it once and hand the payload to all recipients.
///
/// Big-endian. The head is the same in all versions, for ever: version (1), kind (1), number (7), position (7), epoch (16
/// hexadecimal digits). So a node that does not know what follows can go on counting. In version 1 follows by kind
/// - 1, event: operation (1), post (7), author (7), recipients, missing users, length of the payload (4), payload;
/// - 2, probe: nothing;
/// - 3, reset: users;
/// and in version 2
/// - 1, event: recipients, missing users, envelope (`Envelope.append(to:)`);
/// - 3 to 6: see `ChannelMessage`.
/// Users are a count (4) and 7 bytes each.
public struct NodeMessage: Equatable, Sendable {
    public typealias Form = NodeMessageForm

    public enum Body: Equatable, Sendable {
        case event(NodeEvent)
        /// Only tells number, clock and epoch, while a channel is quiet.
        case probe
        /// The timelines of these users were dropped or rebuilt: see to it that there is one, then reset those of their
        /// clients that have not read it since, by position.
        case reset([ID])
        /// Something about channels that the node has registered, or that its users may have subscribed to.
        case channel(ChannelMessage)
        /// Something that a later version tells. It counts, and says nothing here.
        case unknown(version: UInt8, kind: UInt8, rest: [UInt8])
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

    /// `nil` for what the scripts of no version write: a head that can't be read; and in what is known a length that does
    /// not fit, bytes left over, a payload that is no event. Who may publish in Redis must not write what clients read.
    /// - Parameter checked: of the node, which hears of an event in a message for each partition.
    public init?(_ bytes: [UInt8], _ checked: CheckedEvents = CheckedEvents()) {
        var reader = ByteReader(bytes)
        guard let version = reader.unsigned(width: 1), version > 0, let kind = reader.unsigned(width: 1),
            let number = reader.timelineNumber(), let position = reader.timelineNumber(),
            let epoch = reader.epoch(),
            let body = Self.body(UInt8(version), UInt8(kind), &reader, checked), reader.remaining == 0
        else { return nil }
        self.init(number: number, position: position, epoch: epoch, body: body)
    }

    private static func body(
        _ version: UInt8, _ kind: UInt8, _ reader: inout ByteReader, _ checked: CheckedEvents
    ) -> Body? {
        switch (Form(rawValue: version), kind) {
        case (.operations, 1):
            guard let code = reader.peek() else { return nil }
            guard NodeEvent.Operation(rawValue: code) != nil else { break }
            return NodeEvent(operations: &reader, checked).map { .event($0) }
        case (.operations, 2): return .probe
        case (.operations, 3): return reader.users().map { .reset($0) }
        case (.envelopes, _) where ChannelMessage.isKnown(kind):
            return ChannelMessage(kind: kind, &reader).map { .channel($0) }
        case (.envelopes, 1): return NodeEvent(envelopes: &reader, checked).map { .event($0) }
        default: break
        }
        return reader.take(reader.remaining).map { .unknown(version: version, kind: kind, rest: Array($0)) }
    }

    /// What the scripts write, for tests and tools.
    public var bytes: [UInt8] {
        var writer = ByteWriter(capacity: 64)
        let (version, kind) = head
        writer.append(version)
        writer.append(kind)
        writer.append(bigEndian: UInt64(number), width: 7)
        writer.append(bigEndian: UInt64(position), width: 7)
        writer.append(LiveCursor(epoch: epoch, position: position).epochName)
        switch body {
        case .probe: break
        case .reset(let users): writer.append(users: users)
        case .event(let event): event.append(to: &writer)
        case .channel(let message): message.append(to: &writer)
        case .unknown(_, _, let rest): writer.append(rest)
        }
        return writer.bytes
    }

    private var head: (version: UInt8, kind: UInt8) {
        switch body {
        case .event(let event): (event.form.rawValue, 1)
        case .probe: (Form.operations.rawValue, 2)
        case .reset: (Form.operations.rawValue, 3)
        case .channel(let message): (ChannelMessage.version, message.kind)
        case .unknown(let version, let kind, _): (version, kind)
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
}
