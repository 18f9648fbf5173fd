/// Which kinds somebody understands, whoever named them.
public struct KnownKinds: Sendable, Equatable {
    /// The one label for all names from outside, where their number must have a bound.
    public static let other = "other"

    private var versions: [String: ClosedRange<Int>] = [:]

    public init() {}

    public init<Kinds: NamedKinds>(_ kinds: Kinds.Type) {
        for kind in kinds.allCases { versions[kind.rawValue] = kind.versions }
    }

    public static func + (a: KnownKinds, b: KnownKinds) -> KnownKinds {
        var sum = a
        sum.versions.merge(b.versions) { first, _ in first }
        return sum
    }

    public var names: [String] { versions.keys.sorted() }

    public func contains(_ kind: EventKind) -> Bool { versions[kind.name]?.contains(kind.version) ?? false }

    /// For metrics: the name where it is known, whatever the version.
    public func label(of kind: EventKind) -> String { versions[kind.name] == nil ? Self.other : kind.name }
}
