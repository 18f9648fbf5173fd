import Core

/// How commands and replies of the Centrifugo client protocol are written on a WebSocket, which the handshake agrees on.
/// They are the same commands and replies, with the same rules, in either form.
public enum LiveForm: Sendable, CaseIterable {
    /// Text messages; several commands in one are parted by newlines.
    case json
    /// Binary messages; each command or reply has its length before it.
    case protobuf

    /// What `Sec-WebSocket-Protocol` may offer, the one that is taken first.
    public static let subprotocols: [StaticString] = ["centrifuge-json", "centrifuge-protobuf"]

    /// - Parameter subprotocol: what the handshake agreed on; JSON where it was nothing.
    public init(subprotocol: StaticString?) {
        self = subprotocol.map { "\($0)" } == "centrifuge-protobuf" ? .protobuf : .json
    }

    /// Whether messages are text; else they are binary.
    public var isText: Bool { self == .json }

    /// What the server's ping is, an empty reply; the client's pong is an empty command.
    public var ping: [UInt8] {
        switch self {
        case .json: JSONReply.ping
        case .protobuf: ProtobufReply.ping
        }
    }

    /// The reply to the command with this id, as one message.
    public func encode(_ reply: ServerReply, to id: Int64) -> [UInt8] {
        switch self {
        case .json: JSONReply.encode(reply, to: id)
        case .protobuf: ProtobufReply.encode(reply, to: id)
        }
    }

    /// The push that ends a subscription, as one message.
    public func unsubscribed(from channel: String, _ reason: Unsubscribe) -> [UInt8] {
        switch self {
        case .json: JSONReply.unsubscribed(from: channel, reason)
        case .protobuf: ProtobufReply.unsubscribed(from: channel, reason)
        }
    }

    /// The part of a push that is one connection's: the rest is the same for all.
    func appendPushPrefix(channel: LogKey, to writer: inout ByteWriter) {
        switch (self, channel) {
        case (.json, .feed(let user)): JSONReply.appendPushPrefix(feedOf: user, to: &writer)
        case (.json, .channel(let name)): JSONReply.appendPushPrefix(channel: name.description, to: &writer)
        case (.protobuf, .feed(let user)): ProtobufReply.appendPushPrefix(feedOf: user, to: &writer)
        case (.protobuf, .channel(let name)): ProtobufReply.appendPushPrefix(channel: name.description, to: &writer)
        }
    }

    /// Bytes of that part behind the id of a feed's user.
    var behindUser: Int { self == .json ? 1 : 0 }

    /// The part of a push that all recipients share.
    func pushTail(_ publication: Publication) -> [UInt8] {
        switch self {
        case .json: JSONReply.pushTail(publication)
        case .protobuf: ProtobufReply.pushTail(publication)
        }
    }

    /// Bytes of a whole push, of which its two parts have so many.
    func pushLength(prefix: Int, tail: Int) -> Int {
        switch self {
        case .json: prefix + tail
        case .protobuf: ProtobufReply.pushLength(prefix + tail)
        }
    }

    /// A whole push of its two parts.
    func appendPush(prefix: [UInt8], tail: [UInt8], to writer: inout ByteWriter) {
        appendPushHead(prefix: prefix, tail: tail.count, to: &writer)
        writer.append(tail)
    }

    /// What goes before its second part, which has so many bytes.
    func appendPushHead(prefix: [UInt8], tail: Int, to writer: inout ByteWriter) {
        if self == .protobuf { ProtobufReply.appendPushOpening(prefix.count + tail, to: &writer) }
        writer.append(prefix)
    }
}
