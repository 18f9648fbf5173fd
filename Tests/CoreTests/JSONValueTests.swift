import Core
import TestSupport
import Testing

@Suite struct JSONValueTests {
    @Test func readsAllKinds() throws {
        let value = try JSONValue.parse(Array(#" {"a":[1,-2.5e1,true,null,"x\u00e9\ud83d\ude00"],"b":{}} "#.utf8))
        let object = try #require(value.object)
        #expect(object.keys == ["a", "b"])
        #expect(object["a"] == .array([.integer(1), .number(-25), .bool(true), .null, .string("xé😀")]))
        #expect(object["b"]?.object?.keys == [])
    }

    @Test(arguments: [
        "", " ", "{", "[1,]", "{\"a\":1,}", "{\"a\" 1}", "{a:1}", "01", "1.", "1e", "-", "+1", "NaN", "tru", "\"",
        "\"\n\"", "\"\\x\"", "\"\\u12\"", "\"\\ud800\"", "\"\\ud800\\u0041\"", "\"\\udc00\"", "1 2", "{\"a\":1}x",
        "{\"a\":1,\"a\":2}", "[1 2]", "'a'", "1e999", "0." + String(repeating: "7", count: 127),
    ])
    func refuses(_ text: String) {
        #expect(throws: JSONError.self) { try JSONValue.parse(Array(text.utf8)) }
    }

    @Test func refusesWhatIsNotUTF8() {
        for bytes: [UInt8] in [[0x22, 0xFF, 0x22], [0x22, 0xC0, 0x80, 0x22], [0x22, 0xED, 0xA0, 0x80, 0x22]] {
            #expect(throws: JSONError.self) { try JSONValue.parse(bytes) }
        }
    }

    @Test func limitsNesting() throws {
        let nested = { (depth: Int) in
            Array((String(repeating: "[", count: depth) + String(repeating: "]", count: depth)).utf8)
        }
        _ = try JSONValue.parse(nested(16))
        #expect(throws: JSONError.self) { try JSONValue.parse(nested(17)) }
        #expect(throws: JSONError.self) { try JSONValue.parse(nested(100_000)) }
    }

    /// Whatever comes in, it is a value or an error, never a trap.
    @Test func survivesMutations() {
        var generator = Seeded(4711)
        let seeds = [
            #"{"id":1,"connect":{"token":"abc","subs":{"feed:1":{"recover":true,"epoch":"x","offset":12}}}}"#,
            #"{"text":"\ud83d\ude00 \u0000 \"quoted\"","n":[-1.5e-3,0,true,false,null]}"#,
        ].map { Array($0.utf8) }
        var values = 0
        for round in 0..<200_000 {
            var bytes = seeds[round % seeds.count]
            for _ in 0..<Int.random(in: 1...6, using: &generator) {
                let index = Int.random(in: 0..<bytes.count, using: &generator)
                switch Int.random(in: 0..<3, using: &generator) {
                case 0: bytes[index] = UInt8.random(in: 0...255, using: &generator)
                case 1: bytes.remove(at: index)
                default: bytes.insert(UInt8.random(in: 0...255, using: &generator), at: index)
                }
            }
            if (try? JSONValue.parse(bytes)) != nil { values += 1 }
        }
        #expect(values > 0)
    }

    /// What a text may have is for its field to say. To compare such strings by their normal form would take minutes.
    @Test(.timeLimit(.minutes(1))) func endlessMarksAreRead() throws {
        let marks = String(repeating: "\u{301}\u{323}", count: 50_000)
        let text = "{\"a\(marks)\":1,\"b\(marks)\":\"\(marks)\",\"a\(marks)\u{301}\":2}"
        let object = try #require(try JSONValue.parse(Array(text.utf8)).object)
        #expect(object.keys.count == 3)
        #expect(object["a"] == nil)
        #expect(object["a" + marks]?.integer == 1)
        #expect(object.firstKey(besides: ["a", "b"])?.utf8.count == marks.utf8.count + 1)
        let twice = "{\"a\(marks)\":1,\"a\(marks)\":2}"
        #expect(throws: JSONError.self) { try JSONValue.parse(Array(twice.utf8)) }
    }

    /// What the loop of the sockets reads: each of its limits, and what one text leaves to the next.
    @Test func limitsOfCommands() throws {
        func parse(_ text: String) -> JSONObject? {
            var limits = JSONLimits.command
            return (try? JSONValue.parse(Array(text.utf8), &limits))?.object
        }
        let marks = { (count: Int) in String(repeating: "\u{301}", count: count) }
        #expect(parse("{\"e\(marks(16))a\(marks(16))\":1}") != nil)
        #expect(parse("{\"e\(marks(17))\":1}") == nil)
        #expect(parse("{\"e\(marks(8))\u{1D165}\(marks(8))\":1}") == nil)
        #expect(parse("{\"" + String(repeating: "\\u0301", count: 17) + "\":1}") == nil)
        #expect(parse("{\"a\":\"\(marks(1000))\"}") != nil)
        let key = { (count: Int) in "{\"" + String(repeating: "k", count: count) + "\":1}" }
        #expect(parse(key(255)) != nil && parse(key(256)) == nil)
        var limits = JSONLimits.command
        let list = Array(("[" + Array(repeating: "1", count: 799).joined(separator: ",") + "]").utf8)
        _ = try JSONValue.parse(list, &limits)
        _ = try JSONValue.parse(list, &limits)
        #expect(throws: JSONError.self) { try JSONValue.parse(list, &limits) }
    }

    @Test func manyKeysAreFound() throws {
        for count in [7, 8, 9, 40] {
            let fields = (0..<count).map { "\"key\($0)\":\($0)" }
            let object = try #require(JSONValue.parse(Array("{\(fields.joined(separator: ","))}".utf8)).object)
            #expect((0..<count).allSatisfy { object["key\($0)"]?.integer == Int64($0) } && object["key\(count)"] == nil)
            let twice = "{\(fields.joined(separator: ",")),\"key0\":1}"
            #expect(throws: JSONError.self) { try JSONValue.parse(Array(twice.utf8)) }
        }
    }

    /// Two spellings of one letter are two keys.
    @Test func keysAreToldApartByTheirBytes() throws {
        let object = try #require(try JSONValue.parse(Array("{\"\u{e9}\":1,\"e\u{301}\":2}".utf8)).object)
        #expect(object["\u{e9}"]?.integer == 1 && object["e\u{301}"]?.integer == 2)
    }

    @Test(arguments: [
        ("text", "text"), ("größe", "größe"), ("日本", "日本"), ("a\u{0}\u{202e}\nb", "a\u{fffd}\u{fffd}\u{fffd}b"),
        ("e" + String(repeating: "\u{301}", count: 9), "e" + String(repeating: "\u{301}", count: 4)),
        (String(repeating: "x", count: 65), String(repeating: "x", count: 64) + "…"), ("", ""),
    ])
    func aNameInAnAnswerIsHarmless(_ name: String, _ shown: String) {
        #expect(Array(name.harmlessName.unicodeScalars) == Array(shown.unicodeScalars))
    }
}
