/// What may be in a hashtag, and beside one.
enum TagScalar {
    /// A letter, a mark, a digit, `_`, or between them a joiner, which Persian and languages of India write inside words.
    static func isIn(_ scalar: Unicode.Scalar) -> Bool { isWord(scalar) || isJoiner(scalar) }

    static func begins(_ scalar: Unicode.Scalar) -> Bool { isWord(scalar) && !isMark(scalar) }

    static func isWord(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.isASCII {
            return switch scalar {
            case "a"..."z", "A"..."Z", "0"..."9", "_": true
            default: false
            }
        }
        if isOfEmoji(scalar) { return false }
        return switch scalar.properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter, .letterNumber,
            .decimalNumber, .nonspacingMark, .spacingMark, .enclosingMark:
            true
        default: false
        }
    }

    static func isDigit(_ scalar: Unicode.Scalar) -> Bool {
        scalar.isASCII ? ("0"..."9").contains(scalar) : scalar.properties.generalCategory == .decimalNumber
    }

    static func isMark(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.value < 0x300 { return false }
        return switch scalar.properties.generalCategory {
        case .nonspacingMark, .spacingMark, .enclosingMark: true
        default: false
        }
    }

    /// ZWNJ and ZWJ.
    static func isJoiner(_ scalar: Unicode.Scalar) -> Bool { scalar == "\u{200C}" || scalar == "\u{200D}" }

    /// Marks that make an emoji of what is before them, such as of the digit in a keycap.
    static func isOfEmoji(_ scalar: Unicode.Scalar) -> Bool {
        scalar == "\u{FE0E}" || scalar == "\u{FE0F}" || scalar == "\u{20E3}"
    }

    /// A letter of a script without capitals: in many of them words follow each other without a space.
    static func isCaseless(_ scalar: Unicode.Scalar) -> Bool {
        !scalar.isASCII && scalar.properties.generalCategory == .otherLetter
    }
}
