import Core
import Testing

@testable import Live

/// Commands in the protobuf form, bytes given by hand: the same commands as in JSON.
@Suite struct ProtobufCommandTests {
    private func length(_ count: Int) -> [UInt8] {
        count < 128 ? [UInt8(count)] : [UInt8(count & 0x7F | 0x80)] + length(count >> 7)
    }

    /// A field whose number is below 16: bytes, or a message.
    private func field(_ number: UInt8, _ bytes: [UInt8]) -> [UInt8] {
        [number << 3 | 2] + length(bytes.count) + bytes
    }

    private func field(_ number: UInt8, _ text: String) -> [UInt8] { field(number, Array(text.utf8)) }

    private func number(_ field: UInt8, _ value: UInt8) -> [UInt8] { [field << 3, value] }

    private func delimited(_ command: [UInt8]) -> [UInt8] { length(command.count) + command }

    private func parse(_ command: [UInt8]) -> [ClientFrame]? {
        ClientFrame.parse(delimited(command), .protobuf)
    }

    private func content(_ command: [UInt8]) -> ClientFrame.Content? { parse(command)?.first?.content }

    @Test func connect() {
        // As protoc writes {id: 1, connect: {token: "t"}}.
        #expect(
            ClientFrame.parse([0x07, 0x08, 0x01, 0x22, 0x03, 0x0A, 0x01, 0x74], .protobuf)
                == [ClientFrame(id: 1, content: .command(.connect(token: "t", recover: [:], data: ConnectData())))])
        let options = number(3, 1) + field(6, "e") + number(7, 5)
        let whole =
            field(1, "t") + field(2, #"{"since":"s"}"#) + field(3, field(1, "feed:1") + field(2, options))
            + field(4, "swift") + field(5, "1.0") + field(6, field(1, "header") + field(2, "value")) + number(7, 1)
        #expect(
            content(number(1, 1) + field(4, whole))
                == .command(
                    .connect(
                        token: "t", recover: ["feed:1": RecoverRequest(epoch: "e", offset: 5)],
                        data: ConnectData(since: "s"))))
        #expect(
            content(number(1, 1) + field(4, [])) == .command(.connect(token: "", recover: [:], data: ConnectData())))
        // Recovery from the very start: what is zero is left out.
        #expect(
            content(number(1, 1) + field(4, field(3, field(1, "c") + field(2, number(3, 1)))))
                == .command(
                    .connect(token: "", recover: ["c": RecoverRequest(epoch: "", offset: 0)], data: ConnectData())))
        // Not asked for; an entry without a value has a default one.
        for entry in [field(1, "c") + field(2, field(6, "e")), field(1, "c"), []] {
            #expect(
                content(number(1, 1) + field(4, field(3, entry)))
                    == .command(.connect(token: "", recover: [:], data: ConnectData())))
        }
    }

    @Test func otherCommands() {
        let position = number(3, 1) + field(6, "e") + number(7, 5)
        for (command, expected) in [
            (field(5, field(1, "c")), .subscribe(channel: "c", recover: nil)),
            (field(5, field(1, "c") + position), .subscribe(channel: "c", recover: .init(epoch: "e", offset: 5))),
            (field(5, field(1, "c") + field(2, "t")), .subscribe(channel: "c", recover: nil, hasToken: true)),
            (field(6, field(1, "c")), .unsubscribe(channel: "c")),
            (field(11, []), .ping),
            (field(12, field(1, "{}")), .send),
            (field(14, field(1, "t")), .refresh(token: "t")),
            (field(7, field(1, "c") + field(2, "{}")), .unavailable),
            (field(8, field(1, "c")), .unavailable),
            (field(9, field(1, "c")), .unavailable),
            (field(10, field(1, "c")), .unavailable),
            (field(13, field(2, "method")), .unavailable),
            (field(15, field(1, "c")), .unavailable),
        ] as [([UInt8], ClientCommand)] {
            let frame = ClientFrame(id: 2, content: .command(expected))
            #expect(parse(number(1, 2) + command) == [frame])
            // Fields come in any order; those that are not known are skipped, however they nest.
            #expect(parse([0x82, 0x01, 0x02, 0x0B, 0x0B] + command + number(1, 2)) == [frame])
        }
        #expect(content(number(1, 4) + [0x82, 0x01, 0x00]) == .command(.unknown))
        #expect(parse(field(12, []))?.first?.id == 0)
    }

    @Test func severalInAMessage() {
        let ping = { (id: UInt8) in self.delimited(self.number(1, id) + self.field(11, [])) }
        let frames = ClientFrame.parse(ping(1) + [0] + ping(2), .protobuf)
        #expect(frames?.map(\.id) == [1, 0, 2])
        #expect(frames?[1].content == .pong)
        #expect(ClientFrame.parse(Array(repeating: 0, count: ClientFrame.limit), .protobuf)?.count == ClientFrame.limit)
        #expect(ClientFrame.parse(Array(repeating: 0, count: ClientFrame.limit + 1), .protobuf) == nil)
    }

    @Test(
        arguments: [
            ("nothing", []),
            ("a length without a command", [0x05]),
            ("a length that is cut", [0x80]),
            ("more than its length", [0x02, 0x08, 0x01, 0x08]),
            ("JSON", Array(#"{"id":1,"ping":{}}"#.utf8)),
            ("an id of 33 bits", [0x06, 0x08, 0x80, 0x80, 0x80, 0x80, 0x10]),
            ("an id that is text", [0x03, 0x0A, 0x01, 0x31]),
            ("a token that is not UTF-8", [0x07, 0x08, 0x01, 0x22, 0x03, 0x0A, 0x01, 0xFF]),
            ("a token that is cut", [0x06, 0x08, 0x01, 0x22, 0x02, 0x0A, 0x01]),
            ("a ping with a group", [0x05, 0x08, 0x01, 0x5A, 0x01, 0x0B]),
        ] as [(String, [UInt8])])
    func noFrame(_ what: String, _ bytes: [UInt8]) {
        #expect(ClientFrame.parse(bytes, .protobuf) == nil, "\(what)")
    }

    @Test func malformed() {
        let longName = String(repeating: "x", count: 256)
        let commands: [(String, [UInt8])] = [
            ("an id alone", []),
            ("two commands", field(4, []) + field(11, [])),
            ("one command twice", field(11, []) + field(11, [])),
            ("a command that is a number", number(4, 1)),
            ("a token that is a number", field(4, number(1, 1))),
            ("a channel without a name", field(5, [])),
            ("a channel that is a number", field(6, number(1, 1))),
            ("recover as text", field(5, field(1, "c") + field(3, "1"))),
            ("an epoch that is a number", field(5, field(1, "c") + number(6, 1))),
            (
                "an offset of 64 bits",
                field(5, field(1, "c") + number(3, 1) + [0x38] + [UInt8](repeating: 0xFF, count: 9) + [0x01])
            ),
            ("data that is no JSON", field(4, field(2, "since"))),
            ("data that is no object", field(4, field(2, "7"))),
            ("since as a number", field(4, field(2, #"{"since":7}"#))),
            ("subs that are a number", field(4, number(3, 1))),
            ("a name of 256 bytes", field(6, field(1, longName))),
        ]
        for (what, command) in commands {
            #expect(parse(number(1, 1) + command) == [ClientFrame(id: 1, content: .malformed)], "\(what)")
        }
    }

    @Test func aMessageHasLimits() {
        let subs = { (count: Int) -> [UInt8] in
            self.number(1, 1) + self.field(4, (0..<count).flatMap { self.field(3, self.field(1, "c\($0)")) })
        }
        #expect(content(subs(16)) == .command(.connect(token: "", recover: [:], data: ConnectData())))
        #expect(content(subs(17)) == .malformed)
        let sent = { (bytes: Int) -> [UInt8] in
            self.delimited(self.field(12, self.field(1, [UInt8](repeating: 0, count: bytes - 11))))
        }
        #expect(sent(ClientFrame.longest).count == ClientFrame.longest)
        #expect(ClientFrame.parse(sent(ClientFrame.longest), .protobuf)?.first?.content == .command(.send))
        #expect(ClientFrame.parse(sent(ClientFrame.longest + 1), .protobuf) == nil)
        // JSON inside has the limits of JSON, over the whole message.
        let list = { (count: Int) -> [UInt8] in
            let zeros = Array(repeating: "0", count: count).joined(separator: ",")
            return self.delimited(self.number(1, 1) + self.field(4, self.field(2, "{\"x\":[\(zeros)]}")))
        }
        let contents = { (bytes: [UInt8]) in ClientFrame.parse(bytes, .protobuf)?.map(\.content) }
        let good = ClientFrame.Content.command(.connect(token: "", recover: [:], data: ConnectData()))
        #expect(contents(list(1598)) == [good] && contents(list(1599)) == [.malformed])
        #expect(contents(list(1000) + list(1000)) == [good, .malformed])
    }

    /// The first version of the protocol has `method` and `params`: it is told so, not left to guess.
    @Test func theFirstVersion() {
        #expect(content(number(1, 1) + field(3, field(1, "t"))) == .outdated)
        #expect(content(number(1, 1) + number(2, 7)) == .outdated)
        for text in [#"{"id":1,"params":{"token":"t"}}"#, #"{"id":1,"method":7}"#, #"{"id":2,"method":1,"params":{}}"#]
        {
            #expect(ClientFrame.parse(Array(text.utf8))?.first?.content == .outdated)
        }
    }
}
