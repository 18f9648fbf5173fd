import Core

/// What a text of a client may be: how long, and of which characters. Lengths are in Unicode scalars.
public struct TextRule: Sendable {
    public enum Kind: Sendable {
        /// Taken as it is, whatever is in it.
        case exact
        /// Some lines: trimmed, no control characters but line feed and tab, few combining marks in a row.
        case lines
        /// What somebody or something is called: trimmed, something in it is visible, nothing that hides or turns text.
        case name
    }

    /// With its article, for messages: `a text`.
    let noun: String
    let kind: Kind
    let length: ClosedRange<Int>

    public init(_ noun: String, _ kind: Kind, _ length: ClosedRange<Int>) {
        self.noun = noun
        self.kind = kind
        self.length = length
    }

    /// - Returns: the text as it is kept.
    public func read(_ text: String) throws(Refusal) -> String {
        switch kind {
        case .exact:
            guard hasLength(text) else { throw Refusal("\(noun) has \(range) characters") }
            return text
        case .lines:
            guard !text.unicodeScalars.contains(where: Self.isControl) else {
                throw Refusal("\(noun) has no control characters but line feeds and tabs")
            }
            guard text.hasFewMarks else { throw Refusal("\(noun) has at most 128 combining marks in a row") }
            let text = text.withoutOuterSpace
            guard hasLength(text) else { throw Refusal("\(noun) has \(range) characters without the space around it") }
            return text
        case .name:
            let name = text.withoutOuterSpace
            guard hasLength(name), name.hasFewMarks, VisibleName.accepts(name) else {
                throw Refusal(
                    "\(noun) has \(range) characters, something to see among them, and no control or format characters")
            }
            return name
        }
    }

    private func hasLength(_ text: String) -> Bool { length.contains(text.unicodeScalars.count) }

    private var range: String { "\(Self.grouped(length.lowerBound)) to \(Self.grouped(length.upperBound))" }

    /// `5,000`
    private static func grouped(_ number: Int) -> String {
        let digits = String(number)
        return number < 1000 ? digits : "\(grouped(number / 1000)),\(digits.suffix(3))"
    }

    /// Unicode's control characters, but for line feed and tab.
    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        scalar.value < 32 && scalar.value != 9 && scalar.value != 10 || (127...159).contains(scalar.value)
    }
}

// MARK: In the words of JSON Schema

extension TextRule {
    public var schema: Schema {
        switch kind {
        case .exact: .string(length: length)
        case .lines:
            .string(length: length, pattern: Self.linesPattern).described(
                "White space at the ends is trimmed, and the length counts without it, in Unicode scalars. At most 128 "
                    + "combining marks in a row, no control characters but line feed and tab.")
        case .name:
            .string(length: length, pattern: Self.namePattern).described(
                "White space at the ends is trimmed, and the length counts without it. Something in it is visible, and "
                    + "format characters are inside emoji only.")
        }
    }

    /// What is cut off at both ends of a text: Unicode's property White_Space.
    private static let space =
        #"\u0009-\u000d\u0020\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"#
    /// Control and format characters and line separators; but for the joiner and the tags, which are parts of emoji.
    private static let control =
        #"\u0000-\u001f\u007f-\u009f\u00ad\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u180e"#
        + #"\u200b\u200c\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"#
        + "\u{110BD}\u{110CD}\u{13430}-\u{1343F}\u{1BCA0}-\u{1BCA3}\u{1D173}-\u{1D17A}\u{E0001}"
    /// What is drawn as nothing, beside these and white space (Unicode's Default_Ignorable_Code_Point, and U+2800).
    private static let unseen =
        #"\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200d\u2800\u3164\ufe00-\ufe0f\uffa0"#
        + #"\ufff0-\ufff8"# + "\u{E0000}-\u{E0FFF}"
    /// Of lines: all but line feed and tab.
    private static let lineControl = #"\u0000-\u0008\u000b-\u001f\u007f-\u009f"#

    private static let namePattern =
        "^[\(space)]*[^\(control)]*[^\(space)\(control)\(unseen)][^\(control)]*[\(space)]*$"
    private static let linesPattern = "^[^\(lineControl)]*[^\(lineControl)\(space)][^\(lineControl)]*$"
}
