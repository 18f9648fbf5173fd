/// The settings as they were given, read once at the start: a flag goes before an environment variable, that before
/// the default.
public struct SettingValues: Sendable {
    /// Where a value comes from; the stronger one is the greater.
    private enum Source: Int, Comparable {
        case environment, flag

        static func < (a: Source, b: Source) -> Bool { a.rawValue < b.rawValue }
    }

    private struct Value {
        let text: String
        let source: Source
        /// The variable or flag, as it was written.
        let name: String
    }

    private var values: [String: Value] = [:]
    private let known: [String: Setting]
    /// Variables with the prefix that name no setting: perhaps mistyped, perhaps another program's.
    public private(set) var unknownVariables: [String] = []

    /// - Parameters:
    ///   - arguments: what follows the role, as `--name value` or `--name=value`.
    ///   - environment: an unknown `MARTLET_` variable is kept in `unknownVariables`, to be told: it may be mistyped.
    ///   - otherVariables: names with the prefix that are not settings.
    public init(
        _ settings: [Setting], arguments: [String], environment: [String: String], otherVariables: Set<String> = []
    ) throws(SettingError) {
        known = Dictionary(uniqueKeysWithValues: settings.map { ($0.name, $0) })
        let variables = Dictionary(uniqueKeysWithValues: settings.map { ($0.variable, $0) })
        for (variable, value) in environment where variable.hasPrefix("MARTLET_") {
            guard !otherVariables.contains(variable) else { continue }
            guard let setting = variables[variable] else {
                unknownVariables.append(variable)
                continue
            }
            if !value.isEmpty { set(setting, value, .environment, as: variable) }
        }
        var rest = arguments[...]
        while let argument = rest.popFirst() {
            let (setting, name, attached) = try Self.flag(argument, settings)
            guard let value = attached ?? rest.popFirst() else {
                throw SettingError("\(name) needs a value: \(setting.expected)")
            }
            set(setting, value, .flag, as: name)
        }
        // What a flag overrides need not be right.
        for setting in settings {
            guard let value = values[setting.name] else { continue }
            if value.text.isEmpty, case .checked = setting.kind { continue }
            if let problem = setting.problem(value.text, from: given(setting.name)) { throw problem }
        }
    }

    /// The setting that an argument names, the name, and the value in the argument.
    private static func flag(
        _ argument: String, _ settings: [Setting]
    ) throws(SettingError) -> (Setting, String, String?) {
        let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        if argument.hasPrefix("--") {
            if let setting = settings.first(where: { $0.flag == parts[0] }) {
                return (setting, setting.flag, parts.count == 2 ? parts[1] : nil)
            }
        } else if argument.hasPrefix("-"), let letter = argument.dropFirst().first {
            if let setting = settings.first(where: { $0.short == letter }) {
                let value = argument.dropFirst(2)
                return (setting, "-\(letter)", value.isEmpty ? nil : String(value))
            }
        }
        // What follows the sign may be a password.
        throw SettingError("\(parts.first ?? argument) is not a setting: see --help")
    }

    private mutating func set(_ setting: Setting, _ value: String, _ source: Source, as name: String) {
        values[setting.name] = Value(text: value, source: source, name: name)
    }

    /// Of settings that exclude each other, keeps those of the stronger source.
    /// - Throws: when both come from the same one.
    public mutating func choose(_ first: [String], or second: [String]) throws(SettingError) {
        func strongest(_ names: [String]) -> (source: Source, name: String)? {
            names.compactMap { name in values[name].map { ($0.source, name) } }.max { $0.0 < $1.0 }
        }
        guard let a = strongest(first), let b = strongest(second) else { return }
        guard a.source != b.source else {
            throw SettingError("\(given(a.name)) and \(given(b.name)) exclude each other: give one of them")
        }
        for name in a.source < b.source ? first : second { values[name] = nil }
    }

    /// The value or its default; `nil` where there is neither.
    public func text(_ name: String) -> String? {
        let value = values[name]?.text ?? setting(name).fallback
        return value.isEmpty ? nil : value
    }

    /// Whether somebody said it; otherwise it is the default.
    public func isGiven(_ name: String) -> Bool { values[name] != nil }

    /// The variable or flag by which it was given, for messages; the variable where it was not.
    public func given(_ name: String) -> String {
        values[name]?.name ?? setting(name).variable
    }

    public func setting(_ name: String) -> Setting {
        guard let setting = known[name] else { preconditionFailure("no setting \(name)") }
        return setting
    }

    /// Is this one of the command's settings?
    public func has(_ name: String) -> Bool { known[name] != nil }

    /// The value of a setting that is a number and has a default.
    public func number(_ name: String) -> Int {
        guard let value = text(name).flatMap(Int.init) else { preconditionFailure("\(name) has no number") }
        return value
    }
}
