/// A place in a text that may name a user: `@handle`.
public struct TextMention: Sendable, Equatable {
    /// In ASCII lower case, as handles are.
    public let handle: String
    /// Where the `@` is, in Unicode scalars from the beginning of the text.
    public let from: Int
    /// Behind the handle.
    public let to: Int
}
