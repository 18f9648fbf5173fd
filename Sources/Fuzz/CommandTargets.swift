import Core
import Live

extension FuzzTarget {
    private static let commandWords =
        jsonWords + [
            "\n", "\r\n", "{}", "{}\n", "\"id\":1,", "\"id\":0", "\"id\":4294967295", "\"id\":4294967296",
            "\"connect\":{}", "\"token\":\"t\"", "\"subs\":{}", "\"feed:1\":{\"recover\":true}", "\"recover\":true",
            "\"epoch\":\"0123456789abcdef\"", "\"offset\":1", "\"data\":{\"since\":\"x\"}",
            "\"data\":{\"channels\":\"notifications\"}",
            "\"data\":null",
            "\"refresh\":{}", "\"subscribe\":{\"channel\":\"c\"}", "\"unsubscribe\":{\"channel\":\"c\"}", "\"ping\":{}",
            "\"send\":{}", "\"rpc\":{}",
        ]

    /// A frame of the Centrifugo protocol: few objects, ids in range, and each command written anew is the same.
    static let command = FuzzTarget(
        "command", words: commandWords, leastAccepted: 100,
        timed: Timed(.loop) { input, watch in _ = watch.time { ClientFrame.parse(input) } }
    ) { input, _ throws(Finding) in
        guard let frames = ClientFrame.parse(input) else { return false }
        try require((1...ClientFrame.limit).contains(frames.count), "\(frames.count) objects in a frame")
        for frame in frames {
            try require((0...Int64(UInt32.max)).contains(frame.id), "the id \(frame.id)")
            guard let text = frame.json else { continue }
            try require(ClientFrame.parse(text) == [frame], "written anew it is another command: \(frame)")
            try checkInProtobuf(frame)
        }
        return true
    }

    private static func checkInProtobuf(_ frame: ClientFrame) throws(Finding) {
        guard let bytes = frame.protobuf, bytes.count <= ClientFrame.longest else { return }
        try require(ClientFrame.parse(bytes, .protobuf) == [frame], "in protobuf it is another command: \(frame)")
    }

    /// Pieces of commands: tags, lengths that are wrong, numbers that are too large.
    private static let protobufPieces: [[UInt8]] = [
        [0x00], [0x08, 0x01], [0x08, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F], [0x08, 0x80, 0x80, 0x80, 0x80, 0x10], [0x22, 0x00],
        [0x2A, 0x03, 0x0A, 0x01, 0x63], [0x32, 0x03, 0x0A, 0x01, 0x63], [0x5A, 0x00], [0x62, 0x00], [0x6A, 0x00],
        [0x72, 0x03, 0x0A, 0x01, 0x74], [0x0A, 0x01, 0x74], [0x12, 0x0D] + Array("{\"since\":\"x\"}".utf8),
        [0x12, 0x1C] + Array("{\"channels\":\"notifications\"}".utf8),
        [0x1A, 0x07, 0x0A, 0x01, 0x63, 0x12, 0x02, 0x18, 0x01], [0x18, 0x01], [0x32, 0x01, 0x65], [0x38, 0x05],
        [0x38, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F], [0x82, 0x01, 0x00], [0x0B], [0x0C], [0x19],
        [0x25],
        [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01], [0x80], [0xC3, 0xA9], [0xC3],
    ]

    /// The same in protobuf. A command has one meaning: written as JSON it is the same.
    static let protobufCommand = FuzzTarget(
        "protobuf-command", pieces: protobufPieces, leastAccepted: 100,
        timed: Timed(.loop) { input, watch in _ = watch.time { ClientFrame.parse(input, .protobuf) } }
    ) { input, _ throws(Finding) in
        guard let frames = ClientFrame.parse(input, .protobuf) else { return false }
        try require((1...ClientFrame.limit).contains(frames.count), "\(frames.count) commands in a message")
        for frame in frames {
            try require((0...Int64(UInt32.max)).contains(frame.id), "the id \(frame.id)")
            guard let bytes = frame.protobuf else { continue }
            try require(ClientFrame.parse(bytes, .protobuf) == [frame], "written anew it is another command: \(frame)")
            // A key of JSON may not have marks without end, and escapes take room.
            guard let text = frame.json, text.count <= ClientFrame.longest, frame.hasFewMarks else { continue }
            try require(ClientFrame.parse(text) == [frame], "in JSON it is another command: \(frame)")
        }
        return true
    }
}

extension ClientFrame {
    /// The command as a client would write it; `nil` where there is no way back.
    fileprivate var json: [UInt8]? {
        var writer = ByteWriter()
        writer.append(ascii: "{\"id\":")
        writer.append(decimal: id)
        switch content {
        case .malformed, .outdated, .command(.unknown), .command(.unavailable): return nil
        case .pong: return Array("{}".utf8)
        case .command(.ping): writer.append(ascii: ",\"ping\":{")
        case .command(.send): writer.append(ascii: ",\"send\":{")
        case .command(.refresh(let token)): writer.append(field: "refresh", "token", token)
        case .command(.subscribe(let channel, let recover, let hasToken)):
            writer.append(field: "subscribe", "channel", channel)
            if let recover { writer.append(recover) }
            if hasToken { writer.append(ascii: ",\"token\":\"t\"") }
        case .command(.unsubscribe(let channel)): writer.append(field: "unsubscribe", "channel", channel)
        case .command(.connect(let token, let recover, let data)):
            writer.append(field: "connect", "token", token)
            writer.append(ascii: ",\"subs\":{")
            for (index, (channel, position)) in recover.enumerated() {
                if index > 0 { writer.append(ascii: ",") }
                writer.append(jsonString: channel.text)
                writer.append(ascii: ":{\"\":0")
                writer.append(position)
                writer.append(ascii: "}")
            }
            writer.append(ascii: "}")
            writer.append(ascii: ",\"data\":")
            writer.append(data.json)
        }
        writer.append(ascii: "}}")
        return writer.bytes
    }
}

extension ByteWriter {
    fileprivate mutating func append(_ position: RecoverRequest) {
        append(ascii: ",\"recover\":true,\"epoch\":")
        append(jsonString: position.epoch)
        append(ascii: ",\"offset\":")
        append(decimal: position.offset)
    }

    fileprivate mutating func append(field method: StaticString, _ name: StaticString, _ value: String) {
        append(ascii: ",\"")
        append(ascii: method)
        append(ascii: "\":{\"")
        append(ascii: name)
        append(ascii: "\":")
        append(jsonString: value)
    }
}

extension ClientFrame {
    /// Whether the channels of `connect` can be keys of JSON.
    fileprivate var hasFewMarks: Bool {
        guard case .command(.connect(_, let recover, _)) = content else { return true }
        return recover.keys.allSatisfy { $0.text.hasFewMarks }
    }

    /// As `json`, in the protobuf form.
    fileprivate var protobuf: [UInt8]? {
        var command = ProtobufPieces()
        command.append(1, number: UInt64(id))
        switch content {
        case .malformed, .outdated, .command(.unknown), .command(.unavailable): return nil
        case .pong: return [0]
        case .command(.ping): command.append(11, [])
        case .command(.send): command.append(12, [])
        case .command(.refresh(let token)): command.append(14, ProtobufPieces(1, token).bytes)
        case .command(.unsubscribe(let channel)): command.append(6, ProtobufPieces(1, channel).bytes)
        case .command(.subscribe(let channel, let recover, let hasToken)):
            var body = ProtobufPieces(1, channel)
            if hasToken { body.append(2, Array("t".utf8)) }
            if let recover { body.append(recover) }
            command.append(5, body.bytes)
        case .command(.connect(let token, let recover, let data)):
            command.append(4, ProtobufPieces.connect(token, recover, data).bytes)
        }
        return ProtobufPieces.varint(UInt64(command.bytes.count)) + command.bytes
    }
}

/// A writer of Protocol Buffers that shares nothing with the one that is tested.
private struct ProtobufPieces {
    private(set) var bytes: [UInt8] = []

    init() {}

    init(_ field: UInt8, _ text: String) { append(field, Array(text.utf8)) }

    static func connect(_ token: String, _ recover: [ExactText: RecoverRequest], _ data: ConnectData) -> Self {
        var body = ProtobufPieces(1, token)
        body.append(2, data.json)
        for (channel, position) in recover {
            var options = ProtobufPieces()
            options.append(position)
            var entry = ProtobufPieces(1, channel.text)
            entry.append(2, options.bytes)
            body.append(3, entry.bytes)
        }
        return body
    }

    static func varint(_ value: UInt64) -> [UInt8] {
        value < 128 ? [UInt8(value)] : [UInt8(value % 128) + 128] + varint(value / 128)
    }

    mutating func append(_ field: UInt8, number: UInt64) { bytes += [field * 8] + Self.varint(number) }

    mutating func append(_ field: UInt8, _ content: [UInt8]) {
        bytes += [field * 8 + 2] + Self.varint(UInt64(content.count)) + content
    }

    mutating func append(_ position: RecoverRequest) {
        append(3, number: 1)
        append(6, Array(position.epoch.utf8))
        append(7, number: UInt64(position.offset))
    }
}

extension ConnectData {
    fileprivate var json: [UInt8] {
        var writer = ByteWriter()
        writer.append(ascii: isNotified ? "{\"channels\":\"feed,notifications\"" : "{\"other\":1")
        if let since {
            writer.append(ascii: ",\"since\":")
            writer.append(jsonString: since)
        }
        writer.append(ascii: "}")
        return writer.bytes
    }
}
