public import Core
import Posts

/// An event as a realtime node hears of it (`NodeMessage`), in either form.
public struct NodeEvent: Equatable, Sendable {
    public enum Operation: UInt8, Sendable {
        case created = 1
        case deleted = 2
        case updated = 3

        /// Its name where events have names.
        var kind: EventKind {
            switch self {
            case .created: PostEvent.created.kind
            case .deleted: PostEvent.deleted.kind
            case .updated: PostEvent.updated.kind
            }
        }
    }

    /// What happened.
    public enum Content: Equatable, Sendable {
        /// - Parameter payload: the event as clients get it, tagged: see `TaggedEvent`.
        case operation(Operation, post: ID, author: ID, payload: [UInt8])
        case envelope(Envelope)
    }

    public let content: Content
    /// Users of the node whose timeline changed with this event.
    public let recipients: [ID]
    /// Users of the node who have no timeline: as for a reset.
    public let missing: [ID]

    public init(_ content: Content, recipients: [ID], missing: [ID]) {
        self.content = content
        self.recipients = recipients
        self.missing = missing
    }

    // MARK: What it tells

    public var kind: EventKind {
        switch content {
        case .operation(let operation, _, _, _): operation.kind
        case .envelope(let envelope): envelope.kind
        }
    }

    public var post: ID? {
        switch content {
        case .operation(_, let post, _, _): post
        case .envelope(let envelope): envelope[.post]
        }
    }

    public var requestID: String {
        switch content {
        case .operation(_, _, _, let payload): TaggedEvent.split(payload).requestID
        case .envelope(let envelope): envelope.requestID
        }
    }

    /// The event as clients get it.
    public var json: [UInt8] {
        switch content {
        case .operation(_, _, _, let payload): Array(TaggedEvent.split(payload).json)
        case .envelope(let envelope): envelope.payload
        }
    }

    // MARK: Bytes

    init?(operations reader: inout ByteReader, _ checked: CheckedEvents) {
        guard let code = reader.unsigned(width: 1), let operation = Operation(rawValue: UInt8(code)),
            let post = reader.timelineNumber(), let author = reader.timelineNumber(),
            let recipients = reader.users(), let missing = reader.users(),
            let length = reader.unsigned(width: 4), let bytes = reader.take(Int(length))
        else { return nil }
        let payload = Array(bytes)
        guard checked.accept(payload, .operations, TaggedEvent.isWellFormed) else { return nil }
        self.init(
            .operation(operation, post: ID(raw: post), author: ID(raw: author), payload: payload),
            recipients: recipients, missing: missing)
    }

    init?(envelopes reader: inout ByteReader, _ checked: CheckedEvents) {
        guard let recipients = reader.users(), let missing = reader.users(), let envelope = Envelope(&reader),
            checked.accept(envelope.payload, .envelopes, { LiveJSON.isEvent($0[...]) })
        else { return nil }
        self.init(.envelope(envelope), recipients: recipients, missing: missing)
    }

    var form: NodeMessageForm {
        switch content {
        case .operation: .operations
        case .envelope: .envelopes
        }
    }

    func append(to writer: inout ByteWriter) {
        switch content {
        case .operation(let operation, let post, let author, let payload):
            writer.append(operation.rawValue)
            writer.append(bigEndian: UInt64(post.raw), width: 7)
            writer.append(bigEndian: UInt64(author.raw), width: 7)
            writer.append(users: recipients)
            writer.append(users: missing)
            writer.append(bigEndian: UInt64(payload.count), width: 4)
            writer.append(payload)
        case .envelope(let envelope):
            writer.append(users: recipients)
            writer.append(users: missing)
            envelope.append(to: &writer)
        }
    }
}
