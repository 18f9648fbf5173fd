/// One setting: how it is named, what it takes, what it is without being said.
public struct Setting: Sendable {
    public enum Kind: Sendable {
        case integer(ClosedRange<Int>)
        /// A power of two in the range.
        case powerOfTwo(ClosedRange<Int>)
        case text
        case oneOf([String])
        /// By commas.
        case addressRanges
        /// Text that the check takes.
        /// - Parameters:
        ///   - expected: what it takes, for help and errors.
        ///   - problem: what is wrong with a value, or `nil`. It may quote the value: what is secret in it is masked.
        case checked(expected: String, problem: @Sendable (String) -> String?)
    }

    /// What must not be shown of a value.
    public enum Secrecy: Sendable {
        case open, whole
        /// A URI, a connection string, or pairs: their passwords.
        case parts
    }

    /// Without prefix, such as `port`: the variable is `MARTLET_PORT`, the flag `--port`.
    public let name: String
    public let kind: Kind
    /// What a number counts, empty where it has no unit.
    public let unit: String
    /// Empty: not set.
    public let fallback: String
    public let help: String
    /// The roles that read it; empty: all.
    public let roles: Set<String>
    public let secrecy: Secrecy
    /// A flag of one letter, such as `n` for `-n`.
    public let short: Character?

    /// - Parameters:
    ///   - roles: the commands that take it; none: all but `tail`.
    public init(
        _ name: String, _ kind: Kind, unit: String = "", default fallback: String = "", roles: Set<String> = [],
        secrecy: Secrecy = .open, short: Character? = nil, _ help: String
    ) {
        self.name = name
        self.kind = kind
        self.unit = unit
        self.fallback = fallback
        self.roles = roles
        self.secrecy = secrecy
        self.short = short
        self.help = help
    }

    public var variable: String { "MARTLET_" + name.uppercased().replacing("-", with: "_") }
    public var flag: String { "--" + name }

    /// What a value must be, for help and errors.
    public var expected: String {
        switch kind {
        case .integer(let range): "a whole number from \(range.lowerBound) to \(range.upperBound)\(unitSuffix)"
        case .powerOfTwo(let range): "a power of two from \(range.lowerBound) to \(range.upperBound)\(unitSuffix)"
        case .text: "text"
        case .oneOf(let words): "one of " + words.joined(separator: ", ")
        case .addressRanges: "addresses or CIDR ranges by commas, such as 10.0.0.0/8,2001:db8::1"
        case .checked(let expected, _): expected
        }
    }

    private var unitSuffix: String { unit.isEmpty ? "" : " (\(unit))" }

    /// What is wrong with a value given as `source`, or `nil`.
    func problem(_ value: String, from source: String) -> SettingError? {
        if case .checked(let expected, let problem) = kind {
            // Shown once: where the reason already quotes the value, it is left alone.
            guard let reason = value.utf8.contains(0) ? "a zero byte" : problem(value) else { return nil }
            return SettingError("\(source) is \(shown(value)): \(shown(reason, of: value)); expected \(expected)")
        }
        return accepts(value) ? nil : SettingError("\(source) is \(shown(value)), expected \(expected)")
    }

    private func accepts(_ value: String) -> Bool {
        switch kind {
        case .integer(let range): Int(value).map(range.contains) ?? false
        case .powerOfTwo(let range): Int(value).map { range.contains($0) && $0 & ($0 - 1) == 0 } ?? false
        case .text: !value.utf8.contains(0)
        case .oneOf(let words): words.contains(value)
        case .addressRanges: Self.words(value).allSatisfy { IPRange($0) != nil }
        case .checked: true
        }
    }

    /// A value for messages, without what is secret in it.
    public func shown(_ value: String) -> String {
        switch secrecy {
        case .open: "'\(value)'"
        case .parts: "'\(Secrets.masked(value))'"
        case .whole: "'***'"
        }
    }

    /// A neighbour's or a check's words about a value.
    public func shown(_ reason: String, of value: String) -> String {
        secrecy == .open ? reason : Secrets.removed(from: reason, of: value)
    }

    /// The words of a list by commas.
    public static func words(_ value: String) -> [String] {
        value.split(separator: ",").map { String($0.filter { $0 != " " }) }.filter { !$0.isEmpty }
    }
}
