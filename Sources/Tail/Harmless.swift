/// Texts of others on their way to a terminal or a file: none of their characters may do anything but be seen.
package enum Harmless {
    private static let mostScalars = 16

    /// For a terminal. Line breaks of all kinds become `\n`, a tab four spaces, other control characters their
    /// pictures, and what changes the direction of the text around it U+FFFD.
    /// - Parameter breaks: false for text of one line, such as a name.
    package static func visible(_ text: String, breaks: Bool) -> String {
        var scalars = String.UnicodeScalarView()
        var followsCR = false
        for scalar in text.unicodeScalars {
            defer { followsCR = scalar == "\r" }
            switch scalar {
            case "\n" where followsCR: break
            case "\n", "\r", "\u{85}", "\u{2028}", "\u{2029}": scalars.append(breaks ? "\n" : " ")
            case "\t": scalars.add(breaks ? "    " : " ")
            case "\u{00}"..."\u{1F}": scalars.append(Unicode.Scalar(0x2400 + scalar.value)!)
            case "\u{7F}": scalars.append("\u{2421}")
            default: scalars.append(isRisky(scalar) ? "\u{FFFD}" : scalar)
            }
        }
        return limited(String(scalars))
    }

    /// A character with dozens of marks covers the lines above it: the first ones stay.
    private static func limited(_ text: String) -> String {
        guard text.contains(where: { $0.unicodeScalars.count > mostScalars }) else { return text }
        var scalars = String.UnicodeScalarView()
        for character in text { for scalar in character.unicodeScalars.prefix(mostScalars) { scalars.append(scalar) } }
        return String(scalars)
    }

    /// For a file, on one line and without loss: `\n`, `\r`, `\t`, `\\`, and `\u{1b}` for other control characters.
    package static func escaped(_ text: String) -> String {
        var scalars = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\n": scalars.add("\\n")
            case "\r": scalars.add("\\r")
            case "\t": scalars.add("\\t")
            case "\\": scalars.add("\\\\")
            case _ where isRisky(scalar):
                scalars.add("\\u{\(String(scalar.value, radix: 16))}")
            default: scalars.append(scalar)
            }
        }
        return String(scalars)
    }

    /// JSON on one line: what is risky is escaped, which changes no value.
    /// - Parameter json: a valid text; a raw line break can only be between its values.
    package static func json(_ json: String) -> String {
        var scalars = String.UnicodeScalarView()
        for scalar in json.unicodeScalars {
            switch scalar {
            case "\n", "\r", "\t": scalars.append(" ")
            case _ where isRisky(scalar):
                let digits = String(scalar.value, radix: 16)
                let padded = String(repeating: "0", count: 4 - digits.count) + digits
                scalars.add("\\u\(padded)")
            default: scalars.append(scalar)
            }
        }
        return String(scalars)
    }

    /// Control characters and line separators; marks that change the direction of what is around them; the
    /// anchors of annotations, which hide text. All are below U+10000.
    private static func isRisky(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0...0x1F, 0x7F...0x9F, 0x2028...0x202E, 0x2066...0x2069, 0xFFF9...0xFFFB: true
        default: false
        }
    }
}

extension String.UnicodeScalarView {
    /// One by one: `append(contentsOf:)` copies all that is there already.
    fileprivate mutating func add(_ text: String) {
        for scalar in text.unicodeScalars { append(scalar) }
    }
}
