import TestSupport
import Testing

@testable import Tail

@Suite struct EventStreamParserTests {
    typealias Output = EventStreamParser.Output

    static func parse(_ text: String) -> [Output] {
        var parser = EventStreamParser()
        return parser.append(Array(text.utf8))
    }

    static func event(_ data: String, type: String = "message", id: String = "") -> Output {
        .event(.init(type: type, data: data, id: id))
    }

    /// The examples of the HTML standard, and its rules one by one.
    static let cases: [(String, [Output])] = [
        ("data: YHOO\ndata: +2\ndata: 10\n\n", [event("YHOO\n+2\n10")]),
        (
            ": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n\n",
            [event("first event", id: "1"), event("second event"), event(" third event")]
        ),
        ("data\n\ndata\ndata\n\ndata:", [event(""), event("\n")]),
        ("data:test\n\ndata: test\n\n", [event("test"), event("test")]),
        ("event: add\ndata: 1\n\nevent: remove\ndata: 2\n\n", [event("1", type: "add"), event("2", type: "remove")]),
        ("event: add\n\ndata: 1\n\n", [event("1")]),
        ("data: a\rdata: b\r\r", [event("a\nb")]),
        ("data: a\r\ndata: b\r\n\r\n", [event("a\nb")]),
        ("data: a\r\n\rdata: b\n\r\n", [event("a"), event("b")]),
        ("\u{FEFF}data: a\n\n\u{FEFF}data: b\n\n", [event("a")]),
        ("id: 1\u{0}\ndata: a\n\n", [event("a")]),
        ("id: 1\n\nid: 2\ndata: a\n\ndata: b\n\n", [event("a", id: "2"), event("b", id: "2")]),
        ("retry: 10\nretry: -1\nretry: 1.5\nretry:\nretry: 1x\nretry\nretry: ٣\n", [.retry(10)]),
        ("retry: 99999999999999999999\ndata: a\n\n", [event("a")]),
        ("Data: a\n data: b\nfoo: c\n:data: d\n\n", []),
        ("data: incomplete\n", []),
        ("\n\n\n", []),
    ]

    @Test(arguments: cases) func golden(_ text: String, _ expected: [Output]) {
        #expect(Self.parse(text) == expected)
    }

    @Test func invalidUTF8IsReplaced() {
        var parser = EventStreamParser()
        #expect(parser.append(Array("data: ".utf8) + [0xFF, 10, 10]) == [Self.event("\u{FFFD}")])
    }

    @Test func idOutlivesTheConnection() {
        var first = EventStreamParser()
        _ = first.append(Array("id: 7\n\nid: 8\ndata: incomplete\n".utf8))
        #expect(first.lastEventID == "7")
        var second = EventStreamParser(lastEventID: first.lastEventID)
        #expect(second.append(Array("data: a\n\n".utf8)) == [Self.event("a", id: "7")])
    }

    @Test func limit() {
        var parser = EventStreamParser(limit: 100)
        #expect(parser.append(Array("data: \(String(repeating: "x", count: 80))\n\n".utf8)).count == 1)
        #expect(parser.append([UInt8](repeating: 120, count: 1000)) == [.tooLong])
        #expect(parser.append(Array("\n\ndata: a\n\n".utf8)).isEmpty)
        var many = EventStreamParser(limit: 100)
        #expect(many.append(Array(String(repeating: "data: 0123456789\n", count: 20).utf8)) == [.tooLong])
    }

    /// A hundred thousand streams of pieces that mean something, cut anywhere: the same events as in one go.
    @Test func cutAnywhere() {
        let words: [[UInt8]] =
            [
                "data", "event", "id", "retry", ":", ":", " ", "\n", "\n", "\n\n", "\r", "\r\n", "\0", "a", "é", "12",
                "\u{FEFF}", "data: x\n", "id: 5\n", "event: y\r\n",
            ].map { Array($0.utf8) } + [[0xFF], [0xC3]]
        var generator = Seeded(42)
        for _ in 0..<100_000 {
            let bytes = (0..<Int.random(in: 1...16, using: &generator)).flatMap { _ in
                words.randomElement(using: &generator)!
            }
            var whole = EventStreamParser()
            let expected = whole.append(bytes)
            var cut = EventStreamParser()
            var outputs: [Output] = []
            var rest = bytes[...]
            while !rest.isEmpty {
                let count = Int.random(in: 1...4, using: &generator)
                outputs += cut.append(rest.prefix(count))
                rest = rest.dropFirst(count)
            }
            guard outputs == expected, cut.lastEventID == whole.lastEventID else {
                Issue.record("differs for \(bytes)")
                return
            }
        }
    }
}
