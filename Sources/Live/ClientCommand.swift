public import Core

/// A position that a client holds, as the Centrifugo protocol carries it.
public struct RecoverRequest: Sendable, Equatable {
    public let epoch: String
    public let offset: Int64

    public init(epoch: String, offset: Int64) {
        self.epoch = epoch
        self.offset = offset
    }

    /// The position in the options of a subscription; `nil` where recovery is not asked for. A zero is left out by some
    /// clients.
    init?(_ options: JSONObject) throws(CommandError) {
        guard options["recover"]?.bool == true else { return nil }
        guard let epoch = options["epoch"] == nil ? "" : options["epoch"]?.string,
            let offset = options["offset"] == nil ? 0 : options["offset"]?.integer, offset >= 0
        else { throw .badRequest }
        self.init(epoch: epoch, offset: offset)
    }
}

/// What a client says over WebSocket: the Centrifugo client protocol, JSON.
public enum ClientCommand: Sendable, Equatable {
    /// - Parameters:
    ///   - recover: by channel, for the server-side subscriptions of an earlier connection.
    ///   - since: `live` of a REST page.
    case connect(token: String, recover: [ExactText: RecoverRequest], since: String?)
    case refresh(token: String)
    /// - Parameter recover: the position from which to go on.
    case subscribe(channel: String, recover: RecoverRequest?)
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

    /// Bytes of a channel's name, as in Centrifugo.
    private static let longestChannel = 255
    /// The most objects that one frame may hold.
    public static let limit = 64
    /// Bytes of a frame: of one that comes before a good `connect`, and of all others. A command has a token or the name of
    /// a channel, and `connect` 16 names at most.
    public static let longestFirst = 4096
    public static let longest = 8192

    /// Splits a frame into its objects, in one pass that ends where the frame is wrong.
    /// - Returns: `nil` when it is not a run of JSON objects: the client is closed with 3501.
    public static func parse(_ payload: [UInt8]) -> [ClientFrame]? {
        guard payload.count <= longest else { return nil }
        var frames: [ClientFrame] = []
        var limits = JSONLimits.command
        var rest = payload[...]
        while !rest.isEmpty {
            let line = rest.prefix { $0 != UInt8(ascii: "\n") }
            rest = rest.dropFirst(line.count + 1)
            if line.allSatisfy({ $0 == 32 || $0 == 13 }) { continue }
            guard frames.count < limit, let object = try? JSONValue.parse(line, &limits).object,
                let frame = ClientFrame(object)
            else { return nil }
            frames.append(frame)
        }
        return frames.isEmpty ? nil : frames
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
        let methods = object.keys.filter { !$0.isExactly("id") }
        guard methods.count == 1, let name = methods.first, let body = object[name]?.object else { return .malformed }
        // Only ASCII has one spelling for a text: then the comparisons below are those of bytes.
        guard name.utf8.count <= 32, name.utf8.allSatisfy({ $0 < 128 }) else { return .command(.unknown) }
        do {
            return .command(try command(name, body))
        } catch {
            return .malformed
        }
    }

    private static func command(_ name: String, _ body: JSONObject) throws(CommandError) -> ClientCommand {
        switch name {
        case "connect": try connect(body)
        case "refresh": .refresh(token: try text(body["token"]))
        case "subscribe": .subscribe(channel: try channel(body), recover: try RecoverRequest(body))
        case "unsubscribe": .unsubscribe(channel: try channel(body))
        case "ping": .ping
        case "send": .send
        default: .unknown
        }
    }

    private static func connect(_ body: JSONObject) throws(CommandError) -> ClientCommand {
        let token = body["token"] == nil ? "" : try text(body["token"])
        var recover: [ExactText: RecoverRequest] = [:]
        if let value = body["subs"] {
            guard let subs = value.object, subs.keys.count <= 16 else { throw .badRequest }
            for channel in subs.keys {
                guard channel.utf8.count <= longestChannel, let options = subs[channel]?.object else {
                    throw .badRequest
                }
                recover[ExactText(channel)] = try RecoverRequest(options)
            }
        }
        var since: String?
        if let data = body["data"], !data.isNull {
            guard let object = data.object else { throw .badRequest }
            since = object["since"] == nil ? nil : try text(object["since"])
        }
        return .connect(token: token, recover: recover, since: since)
    }

    private static func channel(_ body: JSONObject) throws(CommandError) -> String {
        let channel = try text(body["channel"])
        guard (1...longestChannel).contains(channel.utf8.count) else { throw .badRequest }
        return channel
    }

    private static func text(_ value: JSONValue?) throws(CommandError) -> String {
        guard let text = value?.string else { throw .badRequest }
        return text
    }
}
