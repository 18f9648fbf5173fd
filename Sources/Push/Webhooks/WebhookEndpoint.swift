public import Core

/// Where a webhook is. Its text says that it isn't in our own network; whether that is so, `PublicHost` says again when a
/// socket opens.
public struct WebhookEndpoint: Sendable, Equatable, Concealed {
    public let url: String
    public let origin: Origin

    /// - Parameter allowsLoopback: plain http, too, to this machine: for tests.
    /// - Throws: of the field `url`.
    public init(_ url: String, allowsLoopback: Bool = false) throws(InvalidPush) {
        origin = try PushTarget.origin(of: url, "url", allowsLoopback: allowsLoopback)
        self.url = url
    }

    /// What is behind the host is often all that keeps others from sending there.
    public var description: String { "WebhookEndpoint(\(origin))" }
}
