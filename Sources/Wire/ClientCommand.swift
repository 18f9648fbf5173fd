import Core

/// A position that a client holds, as the Centrifugo protocol carries it.
public struct RecoverRequest: Sendable, Equatable {
    public let epoch: String
    public let offset: Int64

    public init(epoch: String, offset: Int64) {
        self.epoch = epoch
        self.offset = offset
    }
}

/// What a client says over WebSocket: the Centrifugo client protocol, JSON.
public enum ClientCommand: Sendable, Equatable {
    /// - Parameters:
    ///   - recover: by channel, for the server-side subscriptions of an earlier connection.
    ///   - since: `live` of a REST page.
    case connect(token: String, recover: [String: RecoverRequest], since: String?)
    case refresh(token: String)
    case subscribe(channel: String)
    case unsubscribe(channel: String)
    case ping
    /// A command without an answer; there is nobody here to take it.
    case send
    /// A method of the protocol that is not offered, or none of it.
    case unknown
}

/// One object of a frame.
public struct ClientFrame: Sendable, Equatable {
    public enum Content: Sendable, Equatable {
        /// An empty object: the answer to a ping.
        case pong
        case command(ClientCommand)
        /// Well-formed JSON, but not a well-formed command: it gets error 107.
        case malformed
    }

    /// 0 where there is none.
    public let id: Int64
    public let content: Content

    /// The most objects that one frame may hold.
    public static let limit = 64

    /// Splits a frame into its objects.
    /// - Returns: `nil` when it is not a run of JSON objects: the client is closed with 3501.
    public static func parse(_ payload: [UInt8]) -> [ClientFrame]? {
        let lines = payload.split(separator: UInt8(ascii: "\n")).filter { !$0.allSatisfy { $0 == 32 || $0 == 13 } }
        guard !lines.isEmpty, lines.count <= limit else { return nil }
        var frames: [ClientFrame] = []
        for line in lines {
            guard let object = try? JSONValue.parse(line, depth: 8).object, let frame = ClientFrame(object) else {
                return nil
            }
            frames.append(frame)
        }
        return frames
    }

    /// `nil` when the id is no number from 1 on.
    init?(_ object: JSONObject) {
        guard !object.keys.isEmpty else {
            id = 0
            content = .pong
            return
        }
        guard let id = object["id"] == nil ? 0 : object["id"]?.integer, id >= 0, id <= Int64(UInt32.max) else {
            return nil
        }
        self.id = id
        content = Self.content(object)
    }

    private static func content(_ object: JSONObject) -> Content {
        let methods = object.keys.filter { $0 != "id" }
        guard methods.count == 1, let name = methods.first, let body = object[name]?.object else { return .malformed }
        switch name {
        case "connect": return connect(body)
        case "refresh": return body["token"]?.string.map { .command(.refresh(token: $0)) } ?? .malformed
        case "subscribe": return body["channel"]?.string.map { .command(.subscribe(channel: $0)) } ?? .malformed
        case "unsubscribe": return body["channel"]?.string.map { .command(.unsubscribe(channel: $0)) } ?? .malformed
        case "ping": return .command(.ping)
        case "send": return .command(.send)
        default: return .command(.unknown)
        }
    }

    private static func connect(_ body: JSONObject) -> Content {
        var token = ""
        if let value = body["token"] {
            guard let text = value.string else { return .malformed }
            token = text
        }
        var recover: [String: RecoverRequest] = [:]
        if let value = body["subs"] {
            guard let subs = value.object, subs.keys.count <= 16 else { return .malformed }
            for channel in subs.keys {
                guard let sub = subs[channel]?.object else { return .malformed }
                guard sub["recover"]?.bool == true else { continue }
                // A zero is left out by some clients.
                guard let epoch = sub["epoch"] == nil ? "" : sub["epoch"]?.string,
                    let offset = sub["offset"] == nil ? 0 : sub["offset"]?.integer, offset >= 0
                else { return .malformed }
                recover[channel] = RecoverRequest(epoch: epoch, offset: offset)
            }
        }
        var since: String?
        if let data = body["data"], data != .null {
            guard let object = data.object else { return .malformed }
            if let value = object["since"] {
                guard let text = value.string else { return .malformed }
                since = text
            }
        }
        return .command(.connect(token: token, recover: recover, since: since))
    }
}
