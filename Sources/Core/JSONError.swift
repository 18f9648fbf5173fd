public struct JSONError: Error, Equatable, Sendable {
    public let message: String
    /// Where in the text, in bytes from its start.
    public let offset: Int
}
