/// The kinds of events that one owner has named. Who reads them switches over the cases: none is forgotten, and none that
/// a later version adds is taken for one of them.
public protocol NamedKinds: RawRepresentable<String>, CaseIterable, Hashable, Sendable {
    /// The versions of it that are understood.
    var versions: ClosedRange<Int> { get }
}

extension NamedKinds {
    public var versions: ClosedRange<Int> { 1...1 }

    /// As it is written: in the oldest version that is understood. Newer ones are written where a format is enabled.
    public var kind: EventKind {
        guard let kind = EventKind(rawValue, version: versions.lowerBound) else {
            preconditionFailure("'\(rawValue)' is no name of a kind")
        }
        return kind
    }

    /// `nil` for another name, or a version that is not understood.
    public init?(_ kind: EventKind) {
        self.init(rawValue: kind.name)
        guard versions.contains(kind.version) else { return nil }
    }
}
