import Core

/// A header of a request or a response. Names are in lower case in what is made here, as HTTP/2 has them.
public struct PushHeader: Sendable, Equatable {
    public let name: String
    public let value: String

    public init(_ name: String, _ value: String) { (self.name, self.value) = (name, value) }
}

extension Sequence<PushHeader> {
    /// The first value of a header; names are told apart without regard to case.
    public func first(named name: String) -> String? {
        first { $0.name.equalsIgnoringCase(name) }?.value
    }
}
