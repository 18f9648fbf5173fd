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

    public init(
        _ name: String, _ kind: Kind, unit: String = "", default fallback: String = "", roles: Set<String> = [],
        _ help: String
    ) {
        self.name = name
        self.kind = kind
        self.unit = unit
        self.fallback = fallback
        self.roles = roles
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
        }
    }

    private var unitSuffix: String { unit.isEmpty ? "" : " (\(unit))" }

    func accepts(_ value: String) -> Bool {
        switch kind {
        case .integer(let range): Int(value).map(range.contains) ?? false
        case .powerOfTwo(let range): Int(value).map { range.contains($0) && $0 & ($0 - 1) == 0 } ?? false
        case .text: !value.contains("\0")
        case .oneOf(let words): words.contains(value)
        case .addressRanges: Self.words(value).allSatisfy { IPRange($0) != nil }
        }
    }

    /// The words of a list by commas.
    public static func words(_ value: String) -> [String] {
        value.split(separator: ",").map { String($0.filter { $0 != " " }) }.filter { !$0.isEmpty }
    }
}

public struct SettingError: Error, Equatable, CustomStringConvertible {
    public let description: String

    public init(description: String) {
        self.description = description
    }
}

/// The settings as they were given, read once at the start: a flag goes before an environment variable, that before
/// the default.
public struct SettingValues: Sendable {
    private var values: [String: String] = [:]
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
            if !value.isEmpty { try set(setting, value, as: variable) }
        }
        var rest = arguments[...]
        while let argument = rest.popFirst() {
            let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard argument.hasPrefix("--"), let setting = known[String(parts[0].dropFirst(2))] else {
                throw SettingError(description: "\(argument) is not a setting: see --help")
            }
            guard let value = parts.count == 2 ? String(parts[1]) : rest.popFirst() else {
                throw SettingError(description: "\(argument) needs a value: \(setting.expected)")
            }
            try set(setting, value, as: setting.flag)
        }
    }

    private mutating func set(_ setting: Setting, _ value: String, as source: String) throws(SettingError) {
        guard setting.accepts(value) else {
            throw SettingError(description: "\(source) is '\(value)', expected \(setting.expected)")
        }
        values[setting.name] = value
    }

    /// The value or its default; `nil` where there is neither.
    public func text(_ name: String) -> String? {
        guard let setting = known[name] else { preconditionFailure("no setting \(name)") }
        let value = values[name] ?? setting.fallback
        return value.isEmpty ? nil : value
    }

    /// Is this one of the command's settings?
    public func has(_ name: String) -> Bool { known[name] != nil }

    /// The value of a setting that is a number and has a default.
    public func number(_ name: String) -> Int {
        guard let value = text(name).flatMap(Int.init) else { preconditionFailure("\(name) has no number") }
        return value
    }
}
