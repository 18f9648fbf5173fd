import Core

extension ClientFrame {
    /// JSON objects with newlines between them.
    static func parseJSON(_ payload: [UInt8]) -> [ClientFrame]? {
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
    private init?(_ object: JSONObject) {
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
        if !methods.isEmpty, methods.allSatisfy({ $0.isExactly("params") || $0.isExactly("method") }) {
            return .outdated
        }
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
        case "subscribe":
            .subscribe(
                channel: try channel(body), recover: try RecoverRequest(body), hasToken: try !token(body).isEmpty)
        case "unsubscribe": .unsubscribe(channel: try channel(body))
        case "ping": .ping
        case "send": .send
        case "publish", "presence", "presence_stats", "history", "rpc", "sub_refresh": .unavailable
        default: .unknown
        }
    }

    private static func connect(_ body: JSONObject) throws(CommandError) -> ClientCommand {
        var recover: [ExactText: RecoverRequest] = [:]
        if let value = body["subs"] {
            guard let subs = value.object, subs.keys.count <= ClientCommand.mostRecovered else { throw .badRequest }
            for channel in subs.keys {
                guard channel.utf8.count <= ClientCommand.longestChannel, let options = subs[channel]?.object else {
                    throw .badRequest
                }
                recover[ExactText(channel)] = try RecoverRequest(options)
            }
        }
        return .connect(
            token: try token(body), recover: recover, data: try ConnectData(body["data"] ?? .null))
    }

    private static func channel(_ body: JSONObject) throws(CommandError) -> String {
        try ClientCommand.channel(text(body["channel"]))
    }

    /// `""` where there is none.
    private static func token(_ body: JSONObject) throws(CommandError) -> String {
        body["token"] == nil ? "" : try text(body["token"])
    }

    private static func text(_ value: JSONValue?) throws(CommandError) -> String {
        guard let text = value?.string else { throw .badRequest }
        return text
    }
}

extension RecoverRequest {
    /// The position in the options of a subscription; `nil` where recovery is not asked for. A zero is left out by some
    /// clients.
    fileprivate init?(_ options: JSONObject) throws(CommandError) {
        guard options["recover"]?.bool == true else { return nil }
        guard let epoch = options["epoch"] == nil ? "" : options["epoch"]?.string,
            let offset = options["offset"] == nil ? 0 : options["offset"]?.integer, offset >= 0
        else { throw .badRequest }
        self.init(epoch: epoch, offset: offset)
    }
}
