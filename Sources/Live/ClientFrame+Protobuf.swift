import Core

// The numbers are those of `definitions/client.proto` in github.com/centrifugal/protocol. Fields that are not known are
// skipped, as the format wants; a field that is given twice counts as it was given last, and only that is looked into.

extension ClientFrame {
    /// Commands, each with its length before it.
    static func parseProtobuf(_ payload: [UInt8]) -> [ClientFrame]? {
        var frames: [ClientFrame] = []
        var limits = JSONLimits.command
        var reader = ProtobufReader(payload[...])
        while !reader.isAtEnd {
            guard frames.count < limit, let command = try? reader.delimited(),
                let frame = ClientFrame(command, &limits)
            else { return nil }
            frames.append(frame)
        }
        return frames.isEmpty ? nil : frames
    }

    /// `nil` when it is no message, or its id no number.
    private init?(_ bytes: ArraySlice<UInt8>, _ limits: inout JSONLimits) {
        guard !bytes.isEmpty else {
            id = 0
            content = .pong
            return
        }
        guard let fields = try? Fields(ProtobufReader(bytes)) else { return nil }
        id = Int64(fields.id)
        do {
            content = try fields.content(&limits)
        } catch .malformed {
            return nil
        } catch {
            content = .malformed
        }
    }

    /// A command before it is known which.
    private struct Fields {
        var id: UInt32 = 0
        var method: (number: Int, body: ProtobufReader.Value)?
        var methods = 0
        var isOutdated = false
        var hasUnknown = false

        init(_ reader: consuming ProtobufReader) throws(ProtobufError) {
            while let (number, value) = try reader.next() {
                switch number {
                case 1:
                    guard let id = UInt32(exactly: try value.number()) else { throw .badField }
                    self.id = id
                case 2, 3: isOutdated = true
                case 4...15:
                    methods += 1
                    method = (number, value)
                default: hasUnknown = true
                }
            }
        }

        func content(_ limits: inout JSONLimits) throws(ProtobufError) -> Content {
            guard let method else {
                if isOutdated { return .outdated }
                return hasUnknown ? .command(.unknown) : .malformed
            }
            guard methods == 1 else { return .malformed }
            return .command(try ClientCommand(method.number, try method.body.message(), &limits))
        }
    }
}

extension ClientCommand {
    /// - Parameter number: 4 to 15, which field of a command it is.
    fileprivate init(
        _ number: Int, _ body: consuming ProtobufReader, _ limits: inout JSONLimits
    ) throws(ProtobufError) {
        switch number {
        case 4: self = try .connect(body, &limits)
        case 5: self = try .subscribe(SubscribeFields(body))
        case 6:
            let name = try Self.text(of: 1, body)
            self = try Self.wellFormed { () throws(CommandError) in .unsubscribe(channel: try Self.channel(name)) }
        case 14: self = .refresh(token: try Self.text(of: 1, body))
        default:
            try body.skip()
            self = number == 11 ? .ping : number == 12 ? .send : .unavailable
        }
    }

    private static func subscribe(_ fields: SubscribeFields) throws(ProtobufError) -> ClientCommand {
        let recover = try fields.recover()
        return try wellFormed { () throws(CommandError) in
            .subscribe(channel: try channel(fields.channel), recover: recover, hasToken: fields.hasToken)
        }
    }

    private static func connect(
        _ body: consuming ProtobufReader, _ limits: inout JSONLimits
    ) throws(ProtobufError) -> ClientCommand {
        var token = ProtobufReader.Value.empty
        var data = ProtobufReader.Value.empty
        var recover: [ExactText: RecoverRequest] = [:]
        var subscriptions = 0
        while let (number, value) = try body.next() {
            switch number {
            case 1: token = value
            case 2: data = value
            case 3:
                subscriptions += 1
                guard subscriptions <= mostRecovered else { throw .badField }
                let (channel, position) = try recovery(value.message())
                recover[ExactText(channel)] = position
            default: break
            }
        }
        return .connect(token: try token.text(), recover: recover, data: try connectData(data.bytes(), &limits))
    }

    /// An entry of a map: a channel's name and the options of its subscription.
    private static func recovery(
        _ entry: consuming ProtobufReader
    ) throws(ProtobufError) -> (String, RecoverRequest?) {
        var channel = ProtobufReader.Value.empty
        var options = ProtobufReader.Value.empty
        while let (number, value) = try entry.next() {
            switch number {
            case 1: channel = value
            case 2: options = value
            default: break
            }
        }
        let name = try channel.text()
        guard name.utf8.count <= longestChannel else { throw .badField }
        return (name, try SubscribeFields(options.message()).recover())
    }

    private static func connectData(
        _ data: ArraySlice<UInt8>, _ limits: inout JSONLimits
    ) throws(ProtobufError) -> ConnectData {
        guard !data.isEmpty else { return ConnectData() }
        guard let value = try? JSONValue.parse(data, &limits) else { throw .badField }
        return try wellFormed { () throws(CommandError) in try ConnectData(value) }
    }

    /// A message that has one field.
    private static func text(of field: Int, _ body: consuming ProtobufReader) throws(ProtobufError) -> String {
        var last = ProtobufReader.Value.empty
        while let (number, value) = try body.next() {
            if number == field { last = value }
        }
        return try last.text()
    }

    private static func wellFormed<T>(_ make: () throws(CommandError) -> T) throws(ProtobufError) -> T {
        do {
            return try make()
        } catch {
            throw .badField
        }
    }
}

/// The options of a subscription, as far as they are known.
private struct SubscribeFields {
    let channel: String
    let hasToken: Bool
    private let isRecovering: Bool
    private let epoch: String
    private let offset: UInt64

    init(_ reader: consuming ProtobufReader) throws(ProtobufError) {
        var texts = (
            channel: ProtobufReader.Value.empty, token: ProtobufReader.Value.empty, epoch: ProtobufReader.Value.empty
        )
        var numbers = (recover: ProtobufReader.Value.varint(0), offset: ProtobufReader.Value.varint(0))
        while let (number, value) = try reader.next() {
            switch number {
            case 1: texts.channel = value
            case 2: texts.token = value
            case 3: numbers.recover = value
            case 6: texts.epoch = value
            case 7: numbers.offset = value
            default: break
            }
        }
        channel = try texts.channel.text()
        hasToken = try !texts.token.text().isEmpty
        epoch = try texts.epoch.text()
        isRecovering = try numbers.recover.bool()
        offset = try numbers.offset.number()
    }

    /// `nil` where recovery is not asked for.
    func recover() throws(ProtobufError) -> RecoverRequest? {
        guard isRecovering else { return nil }
        guard let offset = Int64(exactly: offset) else { throw .badField }
        return RecoverRequest(epoch: epoch, offset: offset)
    }
}
