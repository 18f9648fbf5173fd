import Confusables

/// A hashtag: 1 to 60 letters, marks, digits and `_`, at least one of them no digit.
public struct TextTag: Sendable, Hashable {
    /// In Unicode scalars, of a name as it is compared.
    public static let longest = 60
    /// As it is written: with marks that say how a letter is drawn, and letters that are put together of several.
    static let longestWritten = 240

    /// By which two are one (NFKC_Casefold): case, width and how letters are put together make no difference, accents do.
    public let name: String
    /// As it was written, without the `#`.
    public let display: String

    /// - Parameter text: without the `#`.
    /// - Returns: `nil` where it is no tag.
    public init?(_ text: String) {
        let scalars = text.unicodeScalars
        guard scalars.count <= Self.longestWritten, let first = scalars.first, TagScalar.begins(first),
            scalars.allSatisfy(TagScalar.isIn), let name = Self.folded(text)
        else { return nil }
        self.init(name: name, display: text)
    }

    /// - Parameter run: of a text, all that may be in a tag.
    /// - Returns: the tag at its beginning: a ligature of words ends it.
    init?(run: String) {
        if let tag = TextTag(run) {
            self = tag
            return
        }
        let end = run.unicodeScalars.prefix(Self.longest + 1).firstIndex { !Self.staysWord($0) }
        guard let end, let tag = TextTag(String(run.unicodeScalars[..<end])) else { return nil }
        self = tag
    }

    private init(name: String, display: String) { (self.name, self.display) = (name, display) }

    private static func folded(_ text: String) -> String? {
        let folded = text.utf8.allSatisfy { $0 < 128 } ? text.lowercased() : CaseFold.folded(text)
        guard let name = folded?.unicodeScalars, name.count <= longest, let first = name.first, TagScalar.begins(first),
            name.allSatisfy(TagScalar.isIn), name.contains(where: { !TagScalar.isDigit($0) })
        else { return nil }
        return String(name)
    }

    /// Some letters are whole sentences, with spaces.
    private static func staysWord(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.isASCII { return true }
        return CaseFold.folded(String(Character(scalar)))?.unicodeScalars.allSatisfy(TagScalar.isIn) ?? false
    }

    public static func == (a: TextTag, b: TextTag) -> Bool { a.name.utf8.elementsEqual(b.name.utf8) }

    public func hash(into hasher: inout Hasher) {
        for byte in name.utf8 { hasher.combine(byte) }
    }
}
