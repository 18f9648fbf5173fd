/// How text fills the columns of a terminal.
enum TextWidth {
    static func of(_ text: some StringProtocol) -> Int {
        text.reduce(0) { $0 + of($1) }
    }

    /// 0 for a mark without a base, 2 for East Asian wide characters and emoji, 1 for the rest.
    static func of(_ character: Character) -> Int {
        guard let first = character.unicodeScalars.first else { return 0 }
        if character.unicodeScalars.contains("\u{FE0F}") { return 2 }
        let properties = first.properties
        switch properties.generalCategory {
        case .nonspacingMark, .enclosingMark, .format: return 0
        default: return properties.isEmojiPresentation || isWide(first.value) ? 2 : 1
        }
    }

    /// The blocks that Unicode's East Asian Width calls W or F, roughly.
    private static func isWide(_ value: UInt32) -> Bool {
        switch value {
        case 0x1100...0x115F, 0x2E80...0x303E, 0x3041...0xA4CF, 0xA960...0xA97F, 0xAC00...0xD7A3, 0xF900...0xFAFF,
            0xFE30...0xFE6F, 0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x20000...0x3FFFD:
            true
        default: false
        }
    }

    /// Breaks text into lines at spaces, and inside of words that fill a line by themselves.
    /// - Parameters:
    ///   - first: columns that are taken on the first line.
    ///   - indent: columns that are taken on the others.
    static func wrap(_ text: String, first: Int, indent: Int, width: Int) -> [String] {
        var lines = [""]
        var column = first
        func newLine() {
            lines.append("")
            column = indent
        }
        for (index, paragraph) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            if index > 0 { newLine() }
            for (index, word) in paragraph.split(separator: " ", omittingEmptySubsequences: false).enumerated() {
                let count = of(word)
                if index > 0 {
                    if column + 1 + count <= width || column + 1 < width && count > width - indent {
                        lines[lines.count - 1] += " "
                        column += 1
                    } else {
                        newLine()
                    }
                } else if column + count > width, column > indent, count <= width - indent {
                    newLine()
                }
                for character in word {
                    let count = of(character)
                    if column + count > width, column > indent { newLine() }
                    lines[lines.count - 1].append(character)
                    column += count
                }
            }
        }
        return lines
    }
}
