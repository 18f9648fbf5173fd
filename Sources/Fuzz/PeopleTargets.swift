import Accounts
import Confusables
import Core
import HTTPService

extension FuzzTarget {
    /// What a recovery code may be written as: one spelling of it is one code, and nothing else is one.
    static let recoveryCode = FuzzTarget(
        "recovery-code", words: ["-", " ", "O", "I", "L", "l", "0", "1", "U", "\u{131}", "\u{DF}", "\u{FB01}", "7K2Q"],
        leastAccepted: 50,
        timed: Timed(.pool) { input, watch in
            let text = String(decoding: input, as: UTF8.self)
            _ = watch.time { RecoveryCode(text) }
        }
    ) { input, _ throws(Finding) in
        let text = String(decoding: input, as: UTF8.self)
        guard let code = RecoveryCode(text) else { return false }
        try require(code.symbols.count == 32, "\(code.symbols.count) symbols")
        try require(RecoveryCode(code.text)?.symbols == code.symbols, "as it is shown it is another code")
        let written = text.utf8.filter { $0 != 45 && $0 != 32 }
        try require(written.count == 32 && written.allSatisfy { $0 < 128 }, "more than 32 letters and digits")
        try require(
            zip(written, code.symbols).allSatisfy { given, symbol in
                let upper = (97...122).contains(given) ? given - 32 : given
                return upper == symbol || symbol == 48 && upper == 79 || symbol == 49 && (upper == 73 || upper == 76)
            }, "a symbol that was not written")
        return true
    }

    /// Names and the operator's list of those that nobody may take: a listed name stays refused in whatever case, with
    /// gaps, and in letters that look the same.
    static let nameShape = FuzzTarget(
        "name-shape",
        words: [
            "admin", "\n", "#", "_", "-", " ", ".", "\u{430}", "\u{445}", "rn", "m", "I", "l", "1", "O", "0", "\u{131}",
            "\u{130}", "\u{DF}", "\u{1E9E}", "\u{FDFA}", "\u{301}", "\u{202E}", "\u{200D}", "\u{FF41}", "\u{1F600}",
            "\u{AC00}", "\u{1100}\u{1161}",
        ], leastAccepted: 50,
        timed: Timed(.pool) { input, watch in
            let name = String(String(decoding: input, as: UTF8.self).unicodeScalars.prefix(60))
            _ = watch.time { NameShape(name) }
        }
    ) { input, _ throws(Finding) in
        let text = String(decoding: input, as: UTF8.self)
        // The list comes from the operator, who does not make it slow to compare.
        guard text.hasFewMarks else { return false }
        let names = NameRules.names(of: text)
        for name in names {
            try require(
                !name.isEmpty && name.withoutOuterSpace.isExactly(name)
                    && !name.contains(where: { $0 == "#" || $0.isNewline }),
                "a name of the list with a comment or space")
        }
        guard let name = names.first,
            let taken = try? ProfileFields.displayName.read(["display_name": .string(name)]).value,
            let listed = NameShape(taken, isListed: true)
        else { return false }
        for other in disguises(of: taken) {
            let forms = NameShape(other)?.forms ?? []
            try require(
                !forms.isDisjoint(with: listed.forms), "\(other.debugDescription) passes for \(taken.debugDescription)")
        }
        return true
    }

    private static func disguises(of name: String) -> [String] {
        let scalars = Array(name.unicodeScalars)
        return [
            name, "_" + name + ".",
            mapped(scalars) { (97...122).contains($0.value) ? Unicode.Scalar($0.value - 32)! : $0 },
            mapped(scalars) { (65...90).contains($0.value) ? Unicode.Scalar($0.value + 32)! : $0 },
            mapped(scalars) { $0 == "a" ? "\u{430}" : $0 == "e" ? "\u{435}" : $0 == "o" ? "\u{43E}" : $0 },
        ]
    }

    private static func mapped(_ scalars: [Unicode.Scalar], _ change: (Unicode.Scalar) -> Unicode.Scalar) -> String {
        String(String.UnicodeScalarView(scalars.map(change)))
    }
}
