/// A device, a message or a credential that can't be used, and why. No secret is in it.
public struct InvalidPush: Error, Equatable, CustomStringConvertible {
    /// As the API or the setting calls it: `endpoint`, `p256dh`, `token`.
    public let field: String
    /// Goes on where the name stops: "must be …".
    public let reason: String

    init(_ field: String, _ reason: String) { (self.field, self.reason) = (field, reason) }

    public var description: String { "\(field) \(reason)" }
}
