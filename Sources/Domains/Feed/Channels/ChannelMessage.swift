public import Core
public import Live

/// What a message to a node says of channels. In version 2, behind the head of `NodeMessage`, by kind:
/// - 3, event: channel, envelope (`Envelope.append(to:)`);
/// - 4, state: channel, version (7), envelope;
/// - 5, recheck: channel;
/// - 6, recheck of users: users, as in `NodeMessage`.
/// A channel is its name behind its length (1).
///
/// Nodes that do not know channels register none, so they get no such message but the last, which they pass over: none of
/// this needs a format to be enabled.
public enum ChannelMessage: Equatable, Sendable {
    case event(ChannelName, Envelope)
    /// - Parameter version: the larger one is the newer one.
    case state(ChannelName, version: Int64, Envelope)
    /// Who may subscribe to the channel has changed: ask again for each subscriber.
    case recheck(ChannelName)
    /// What these users may subscribe to has changed: ask again for all of their channels.
    case recheckUsers([ID])

    static let version: UInt8 = 2

    var kind: UInt8 {
        switch self {
        case .event: 3
        case .state: 4
        case .recheck: 5
        case .recheckUsers: 6
        }
    }

    static func isKnown(_ kind: UInt8) -> Bool { 3...6 ~= kind }

    init?(kind: UInt8, _ reader: inout ByteReader) {
        switch kind {
        case 3:
            guard let channel = reader.channel(), let envelope = reader.event() else { return nil }
            self = .event(channel, envelope)
        case 4:
            guard let channel = reader.channel(), let version = reader.timelineNumber(), let envelope = reader.event()
            else { return nil }
            self = .state(channel, version: version, envelope)
        case 5:
            guard let channel = reader.channel() else { return nil }
            self = .recheck(channel)
        case 6:
            guard let users = reader.users() else { return nil }
            self = .recheckUsers(users)
        default: return nil
        }
    }

    func append(to writer: inout ByteWriter) {
        switch self {
        case .event(let channel, let envelope):
            writer.append(channel)
            envelope.append(to: &writer)
        case .state(let channel, let version, let envelope):
            writer.append(channel)
            writer.append(bigEndian: UInt64(version), width: 7)
            envelope.append(to: &writer)
        case .recheck(let channel): writer.append(channel)
        case .recheckUsers(let users): writer.append(users: users)
        }
    }
}

extension ByteWriter {
    fileprivate mutating func append(_ channel: ChannelName) {
        let name = channel.description
        append(UInt8(name.utf8.count))
        append(name)
    }
}

extension ByteReader {
    fileprivate mutating func channel() -> ChannelName? {
        guard let length = unsigned(width: 1), let bytes = take(Int(length)) else { return nil }
        return String(validating: bytes, as: UTF8.self).flatMap { ChannelName($0) }
    }

    /// Who may publish in Redis must not write what clients read.
    fileprivate mutating func event() -> Envelope? {
        guard let envelope = Envelope(&self), LiveJSON.isEvent(envelope.payload[...]) else { return nil }
        return envelope
    }
}
