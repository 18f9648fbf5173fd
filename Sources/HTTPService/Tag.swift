/// A chapter of the document.
public struct Tag: Sendable, Equatable {
    public let name: String
    public let description: String

    public init(_ name: String, _ description: String) {
        self.name = name
        self.description = description
    }

    public static let process = Tag("process", "For operators, and about the service itself")
}
