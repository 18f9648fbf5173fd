import Testing

@testable import TextEntities

@Suite struct TextMentionTests {
    private func mentions(_ text: String) -> [String] { TextEntities(of: text).mentions.map(\.handle) }

    @Test(arguments: [
        ("@ada", ["ada"]), ("@ADA and @Bob_1!", ["ada", "bob_1"]),
        ("hi,@ada .@bob (@cyd) \"@dan\"", ["ada", "bob", "cyd", "dan"]),
        ("＠ada", ["ada"]), ("@ａｄａ @adá @éa", []), ("@ab @a", []), ("@\(String(repeating: "a", count: 31))", []),
        ("@\(String(repeating: "a", count: 30))", [String(repeating: "a", count: 30)]),
        ("ada@example.org a.b@example.org x_@bob é@bob", []), ("@ada@example.org @ada＠x", []),
        ("안녕@ada님 こんにちは@bobさん", ["ada", "bob"]), ("@ada's @bob: @cyd.", ["ada", "bob", "cyd"]),
        ("https://x.org/@ada x.org/@ada http://ada:@bob @cyd", ["cyd"]), ("@@ada #@ada &@bob", ["bob"]),
        ("@ada@", []), ("@ada#tag @bob", ["ada", "bob"]), ("👍@ada👍 ❤️@bob", ["ada", "bob"]), ("@ada\u{301}", []),
    ])
    func places(_ text: String, _ expected: [String]) {
        #expect(mentions(text) == expected, "\(mentions(text))")
    }

    /// In Unicode scalars, neither UTF-16 nor what looks like one letter.
    @Test func offsets() {
        let found = TextEntities(of: "👨‍👩‍👧 e\u{301} @Ada, 안녕@bob").mentions
        #expect(found == [TextMention(handle: "ada", from: 9, to: 13), TextMention(handle: "bob", from: 17, to: 21)])
    }

    @Test func aHundredOfThem() {
        let text = (0..<150).map { "@user\($0)" }.joined(separator: " ")
        #expect(mentions(text) == (0..<100).map { "user\($0)" })
    }
}
