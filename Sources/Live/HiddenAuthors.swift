public import Core

/// Of whom a subscriber of a channel is told nothing: those with whom there is a block, as things were when the log was read.
public enum HiddenAuthors: Sendable, Equatable {
    /// Authors that a subscriber carries: 4 KB, which all of a user share.
    public static let most = 256
    public static let none = HiddenAuthors.these([])

    case these(Set<ID>)
    /// Of an event that names its author only a read finds out.
    case tooMany

    /// At most one more than `most` of them.
    public init(_ authors: [ID]) {
        self = authors.count > Self.most ? .tooMany : .these(Set(authors))
    }

    /// What is not known is hidden.
    public func contains(_ author: ID) -> Bool {
        switch self {
        case .these(let authors): authors.contains(author)
        case .tooMany: true
        }
    }
}
