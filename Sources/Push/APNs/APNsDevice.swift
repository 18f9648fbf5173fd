public import Core

/// An application on one of Apple's devices. Who knows it and has the key can send to it.
public struct APNsDevice: Sendable, Equatable, Concealed {
    /// Hexadecimal digits. Apple's have 64, and may get longer.
    private static let length = 64...200

    /// In lower case.
    public let token: String
    /// The application's bundle identifier.
    public let topic: String
    /// It was built for development.
    public let isSandbox: Bool

    /// - Throws: of the field `token` or `topic`.
    public init(token: String, topic: String, isSandbox: Bool = false) throws(InvalidPush) {
        guard Self.length.contains(token.utf8.count), token.utf8.count.isMultiple(of: 2),
            token.utf8.allSatisfy({ (48...57).contains($0) || (97...102).contains($0 | 32) })
        else {
            throw InvalidPush(
                "token", "must be \(Self.length.lowerBound) to \(Self.length.upperBound) hexadecimal digits, two a byte"
            )
        }
        guard Self.isTopic(topic) else {
            throw InvalidPush("topic", "must be a bundle identifier: 1 to 255 letters, digits, hyphens and periods")
        }
        (self.token, self.topic, self.isSandbox) = (token.lowercased(), topic, isSandbox)
    }

    /// Whether an application can be called so.
    public static func isTopic(_ text: String) -> Bool { Checks.isName(text, 1...255, and: "-.") }
}
