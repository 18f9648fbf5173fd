import Testing

@testable import TextEntities

@Suite struct TextTagTests {
    private func tags(_ text: String) -> [String] { TextEntities(of: text).tags.map(\.name) }

    private func isOne(_ spellings: [String]) -> Bool { Set(spellings.map { TextTag($0) }).count == 1 }

    /// Of each script: a text, and its tags as they are compared.
    @Test(arguments: [
        ("#Swift on a #server", ["swift", "server"]),
        ("#Zähler #Zahler", ["zähler", "zahler"]),
        ("#ZA\u{308}HLER", ["zähler"]),
        ("#Straße #STRASSE", ["strasse"]),
        ("#Tiếng_Việt #TIE\u{302}\u{301}NG_VIE\u{323}\u{302}T", ["tiếng_việt"]),
        ("#Élan #élan #E\u{301}LAN", ["élan"]),
        ("#ΣΊΣΥΦΟΣ #σίσυφος", ["σίσυφοσ"]),
        ("#МОСКВА и #Йод", ["москва", "йод"]),
        ("#한국어 를 #\u{1112}\u{1161}\u{11ab}\u{1100}\u{116e}\u{11a8}\u{110b}\u{1165}", ["한국어"]),
        ("#가나다, #東京!", ["가나다", "東京"]),
        ("＃プログラミング #ﾌﾟﾛｸﾞﾗﾐﾝｸﾞ", ["プログラミング"]),
        ("#Ｓｗｉｆｔ２０２６ #swift2026", ["swift2026"]),
        ("#カ\u{3099} #ガ #ｶﾞ", ["ガ"]),
        ("#辻\u{E0100} #辻", ["辻"]),
        ("#二〇二六年 #2026年", ["二〇二六年", "2026年"]),
        ("#العربية، #عَرَبِيّ", ["العربية", "عَرَبِيّ"]),
        ("#کتاب\u{200C}ها #کتابها", ["کتابها"]),
        ("#محمد\u{FDFA} ok", ["محمد"]),
        ("#עברית #हिन्दी #বাংলা #ภาษาไทย", ["עברית", "हिन्दी", "বাংলা", "ภาษาไทย"]),
        ("#क्\u{200D}ष", ["क्ष"]),
        ("#love❤️ ❤️#hate 👍🏽#thumb#more", ["love", "hate", "thumb"]),
        ("1️⃣#one #️⃣two #top1️⃣ #1️⃣", ["one", "top"]),
        ("👨‍👩‍👧#family🏴󠁧󠁢󠁳󠁣󠁴󠁿", ["family"]),
        ("#𐐀𐐁 #𝐛𝐨𝐥𝐝", ["𐐨𐐩", "bold"]),
    ])
    func scripts(_ text: String, _ expected: [String]) {
        #expect(tags(text).map { Array($0.utf8) } == expected.map { Array($0.utf8) }, "\(tags(text))")
    }

    @Test(arguments: [
        ("#1 #2026 #٢٠٢٦ #１", []), ("#_ #1_", ["_", "1_"]), ("# a #! #", []), ("#\u{301}a", []), ("#ﾞ", []),
        ("a#b 1#b _#b é#b 東#b e\u{301}#b", []), ("&#123; &#x1f600; &#amp", []), ("/#b", []),
        ("≠#b =\u{338}#c", ["b", "c"]),
        ("http://x/#frag https://x.org/a?b#c-#d #e", ["e"]), ("(http://x.org/(#a) #b)", ["b"]),
        ("\u{300C}https://x.jp/a\u{300D}#b https://x.jp/。#c", ["b", "c"]), ("://#b", []),
        ("##b #a#b #a,#c (#d) \"#e\" #f-g -#h", ["b", "a", "c", "d", "e", "f", "h"]), ("@#b #@ada", []),
        ("#a\u{200D} #\u{200D}a #\u{3164}", ["a"]), ("#Ⅷ", ["viii"]), ("#①", []),
    ])
    func places(_ text: String, _ expected: [String]) {
        #expect(tags(text) == expected, "\(tags(text))")
    }

    @Test func spellings() {
        #expect(isOne(["ｱﾆﾒ", "アニメ"]) && isOne(["ＡＮＩＭＥ", "Anime", "anime"]))
        #expect(isOne(["각", "\u{1100}\u{1161}\u{11a8}"]))
        #expect(!isOne(["Zähler", "Zahler"]) && !isOne(["ガ", "カ"]) && !isOne(["résumé", "resume"]))
        let tags = TextEntities(of: "#Swift #SWIFT").tags
        #expect(tags.map(\.display) == ["Swift"])
    }

    /// By what is compared: 25 syllables are a tag, however they are written.
    @Test func lengths() {
        func count(_ scalar: String, _ count: Int) -> Int { tags("#" + String(repeating: scalar, count: count)).count }
        #expect(count("a", 60) == 1 && count("a", 61) == 0)
        #expect(count("ä", 60) == 1 && count("ä", 61) == 0)
        #expect(count("a\u{308}", 60) == 1 && count("a\u{308}", 61) == 0)
        #expect(count("\u{1112}\u{1161}\u{11ab}", 60) == 1 && count("\u{1112}\u{1161}\u{11ab}", 61) == 0)
        #expect(count("ß", 30) == 1 && count("ß", 31) == 0)
        #expect(TextTag("") == nil && TextTag("a b") == nil && TextTag("#a") == nil && TextTag("\u{301}a") == nil)
    }

    @Test func twentyOfThem() {
        let text = (0..<30).map { "#a\($0) #A\($0)" }.joined(separator: " ")
        #expect(tags(text) == (0..<20).map { "a\($0)" })
    }

    /// Each of these took seconds where time was not in proportion to the length.
    @Test(arguments: [
        "#", "#a", "#a ", "#\u{301}", "a\u{301}", "#é", "\u{301}#", "#\u{FDFA}", "@a", "@ada ", "http://", "#ｶﾞ",
        "\u{200D}", "#_1",
    ])
    func time(_ piece: String) {
        let text = "#a" + String(repeating: piece, count: 5_000 / piece.unicodeScalars.count)
        let clock = ContinuousClock()
        let taken = (0..<5).map { _ in clock.measure { _ = TextEntities(of: text) } }.min()!
        #expect(taken < .milliseconds(100))
    }
}
