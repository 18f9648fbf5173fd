/// Goes through a text once, and finds what `TextEntities` is made of.
struct TextScanner {
    enum Found {
        case tag(TextTag)
        case mention(TextMention)
    }

    private static let handle = 3...30
    private let scalars: [Unicode.Scalar]
    private var place = 0

    init(_ text: String) { scalars = Array(text.unicodeScalars) }

    mutating func next() -> Found? {
        while place < scalars.count {
            switch scalars[place] {
            case "#", "\u{FF03}": if let tag = tag() { return .tag(tag) }
            case "@", "\u{FF20}": if let mention = mention() { return .mention(mention) }
            case ":" where isAddress: skipAddress()
            default: place += 1
            }
        }
        return nil
    }

    // MARK: Tags

    /// At a `#`; goes on behind it, and behind what may be a tag.
    private mutating func tag() -> TextTag? {
        let (start, isFree) = (place + 1, isFree(place, isTag: true))
        place = start
        guard isFree, start < scalars.count, TagScalar.begins(scalars[start]) else { return nil }
        while place < scalars.count, TagScalar.isIn(scalars[place]) { place += 1 }
        return TextTag(run: text(start..<end(of: start..<place)))
    }

    /// Without joiners at its end, and without a digit that belongs to a keycap.
    private func end(of run: Range<Int>) -> Int {
        var end = run.upperBound
        if end < scalars.count, TagScalar.isOfEmoji(scalars[end]), TagScalar.isDigit(scalars[end - 1]) { end -= 1 }
        while end > run.lowerBound, TagScalar.isJoiner(scalars[end - 1]) { end -= 1 }
        return end
    }

    // MARK: Mentions

    /// At an `@`; goes on behind it, and behind what may be a handle.
    private mutating func mention() -> TextMention? {
        let (from, isFree) = (place, isFree(place, isTag: false))
        place += 1
        guard isFree else { return nil }
        let start = place
        while place < scalars.count, scalars[place].isASCII, TagScalar.isWord(scalars[place]) { place += 1 }
        guard Self.handle.contains(place - start), endsHandle(place) else { return nil }
        return TextMention(handle: text(start..<place).lowercased(), from: from, to: place)
    }

    private func endsHandle(_ place: Int) -> Bool {
        guard place < scalars.count else { return true }
        return switch scalars[place] {
        case "@", "\u{FF20}": false
        case let next: !TagScalar.isWord(next) || TagScalar.isCaseless(next)
        }
    }

    // MARK: What is beside them

    /// May a tag, or a mention, begin here?
    private func isFree(_ place: Int, isTag: Bool) -> Bool {
        guard place > 0 else { return true }
        switch scalars[place - 1] {
        case "/", "@", "\u{FF20}": return false
        case "&": return !isTag
        // E-mail: `a.b+@example.org` is not worth more.
        case "#", "\u{FF03}": return isTag
        case let before:
            guard TagScalar.isWord(before) else { return true }
            return base(of: place - 1).map { !TagScalar.isWord($0) || !isTag && TagScalar.isCaseless($0) } ?? true
        }
    }

    /// What the marks up to a place are on: `≠`, in whichever way it is written, is no word. 128 of them at most are looked at,
    /// which is more than a post may have in a row.
    private func base(of place: Int) -> Unicode.Scalar? {
        scalars[...place].suffix(129).last { !TagScalar.isMark($0) }
    }

    /// At the colon of `https://`.
    private var isAddress: Bool {
        place > 0 && scalars[place - 1].isASCII && TagScalar.isWord(scalars[place - 1])
            && scalars[place...].prefix(3).elementsEqual([":", "/", "/"])
    }

    private mutating func skipAddress() {
        while place < scalars.count, !Self.endsAddress(scalars[place]) { place += 1 }
    }

    /// Space, or a quotation mark or bracket around it, or punctuation of a script that writes no space behind it.
    private static func endsAddress(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case "<", ">", "\"": true
        case _ where scalar.isASCII: scalar.value <= 32
        default:
            switch scalar.properties.generalCategory {
            case .spaceSeparator, .lineSeparator, .paragraphSeparator, .openPunctuation, .closePunctuation,
                .initialPunctuation, .finalPunctuation, .otherPunctuation:
                true
            default: false
            }
        }
    }

    private func text(_ range: Range<Int>) -> String {
        String(String.UnicodeScalarView(scalars[range]))
    }
}
