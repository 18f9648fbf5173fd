public import Core

/// An application on a device that Firebase knows, by its registration token.
public struct FCMDevice: Sendable, Equatable, Concealed {
    public let token: String

    /// - Throws: of the field `token`.
    public init(token: String) throws(InvalidPush) {
        guard Checks.isName(token, 1...1024, and: "-_:.") else {
            throw InvalidPush("token", "must be 1 to 1,024 letters, digits, hyphens, underscores, colons and periods")
        }
        self.token = token
    }
}
