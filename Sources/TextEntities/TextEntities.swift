/// The hashtags of a text, and whom it may mention.
///
/// `＃` and `＠`, as keyboards for full width write them, count as `#` and `@`. Neither counts inside a word, behind `/`, or in an
/// address (`https://…` up to the next space); `#` does not in `&#123;`. A mention may follow a letter of a script that writes
/// words without spaces, and be followed by one: `안녕@ada님`. E-mail addresses and `@ada@example.org` are no mentions.
public struct TextEntities: Sendable, Equatable {
    /// Of a text; the rest is text.
    public static let mostTags = 20
    /// Of a text that are looked up.
    public static let mostMentions = 100

    /// Each once, in the order in which they come, as they are written first.
    public private(set) var tags: [TextTag] = []
    /// Each place.
    public private(set) var mentions: [TextMention] = []

    /// Takes time in proportion to the text's length.
    public init(of text: String) {
        guard Self.mayHaveSome(text) else { return }
        var scanner = TextScanner(text)
        while let found = scanner.next() {
            switch found {
            case .tag(let tag):
                if tags.count < Self.mostTags, !tags.contains(tag) { tags.append(tag) }
            case .mention(let mention):
                if mentions.count < Self.mostMentions { mentions.append(mention) }
            }
        }
    }

    /// Nearly all texts have none, which bytes tell at once.
    private static func mayHaveSome(_ text: String) -> Bool {
        var before: UInt8 = 0
        for byte in text.utf8 {
            // `＃` is EF BC 83, `＠` EF BC A0.
            if byte == UInt8(ascii: "#") || byte == UInt8(ascii: "@") { return true }
            if before == 0xBC, byte == 0x83 || byte == 0xA0 { return true }
            before = byte
        }
        return false
    }
}
