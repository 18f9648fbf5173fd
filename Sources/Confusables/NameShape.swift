import CICU

/// What names look like, by Unicode's skeletons (UTS #39): two that have a shape in common can be taken for each other.
/// Case, spaces, `_`, `-` and `.`, and what can't be seen make no difference.
public struct NameShape: Sendable, Equatable {
    /// In Unicode scalars, of a name that is looked at; longer ones have no shape.
    public static let longest = 500
    private static let checker = Checker()
    /// Each is enough.
    public let forms: Set<String>

    /// - Parameter isListed: true for a name that others must not look like: its capitals count, too.
    /// - Returns: `nil` where it has none: all of it is invisible, or it is too long.
    public init?(_ name: String, isListed: Bool = false) {
        guard name.unicodeScalars.count <= Self.longest else { return nil }
        let forms = [name] + (isListed ? [name.uppercased()] : [])
        self.forms = Set(forms.flatMap(Self.forms)).subtracting([""])
        if self.forms.isEmpty { return nil }
    }

    /// A capital I is taken for an l, a small one is not: so looks are taken before case, and once more behind it.
    private static func forms(of name: String) -> [String] {
        [
            CaseFold.folded(name).flatMap(skeleton),
            skeleton(name).flatMap(CaseFold.folded).flatMap(skeleton),
        ].compactMap { $0.map(joined) }
    }

    private static func joined(_ text: String) -> String {
        String(String.UnicodeScalarView(text.unicodeScalars.filter { !isGap($0) }))
    }

    private static func isGap(_ scalar: Unicode.Scalar) -> Bool {
        scalar == "_" || scalar == "-" || scalar == "." || scalar.properties.isWhitespace
    }

    private static func skeleton(_ text: String) -> String? {
        ICUText.call(text) { martlet_skeleton(checker.pointer, $0, $1, $2, $3) }
    }
}

/// ICU's checker, by its address: all threads ask it at once, as ICU allows, and it is there for as long as the process is.
private struct Checker: Sendable {
    private let address: UInt

    init() {
        guard let made = martlet_spoof_checker() else { preconditionFailure("ICU has no data of confusables") }
        address = UInt(bitPattern: made)
    }

    var pointer: UnsafeRawPointer { UnsafeRawPointer(bitPattern: address)! }
}
