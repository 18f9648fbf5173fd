/// Whether a name shows what it is. Some characters are drawn as nothing, or change the order of what is around them:
/// with them two names look the same, or a name looks like none.
public enum VisibleName {
    /// Something in the name is visible, and it has control and format characters inside emoji only.
    public static func accepts(_ name: String) -> Bool {
        var isVisible = false
        // The parts of an emoji are one character.
        for character in name {
            let scalars = Array(character.unicodeScalars)
            if isEmoji(scalars) {
                isVisible = true
            } else if scalars.contains(where: isUnseen) {
                return false
            } else {
                isVisible = isVisible || scalars.contains(where: isDrawn)
            }
        }
        return isVisible
    }

    private static func isUnseen(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate: true
        default: false
        }
    }

    private static func isDrawn(_ scalar: Unicode.Scalar) -> Bool {
        // A braille pattern without dots; the fillers of Hangul are among the ignorable ones.
        !isUnseen(scalar) && scalar.properties.generalCategory != .spaceSeparator && scalar.value != 0x2800
            && !scalar.properties.isDefaultIgnorableCodePoint
    }

    /// An emoji whose invisible parts are where the standard has them (UTS #51): joiners between two emoji, selectors
    /// behind one, tags between a black flag and their end.
    private static func isEmoji(_ scalars: [Unicode.Scalar]) -> Bool {
        guard let first = scalars.first, isBase(first) else { return false }
        let hasTags = first.value == 0x1F3F4 && scalars.last?.value == 0xE007F
        for (index, scalar) in scalars.enumerated() where isUnseen(scalar) {
            switch scalar.value {
            case 0x200D:
                guard index + 1 < scalars.count, isBase(scalars[index + 1]) else { return false }
            case 0xE0020...0xE007F where hasTags: break
            default: return false
            }
        }
        return true
    }

    /// Digits are emoji, too, as parts of keycaps: no format character belongs into one of these.
    private static func isBase(_ scalar: Unicode.Scalar) -> Bool {
        scalar.properties.isEmoji && scalar.value > 0xFF
    }
}
