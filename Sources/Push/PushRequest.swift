public import Core

/// What is to be sent to a push service or a webhook: a POST. Its address and headers open things, so a message shows
/// where it goes, and no more.
public struct PushRequest: Sendable, Equatable, Concealed {
    public static let method = "POST"

    public let url: String
    public let headers: [PushHeader]
    public let body: [UInt8]

    public init(url: String, headers: [PushHeader], body: [UInt8]) {
        (self.url, self.headers, self.body) = (url, headers, body)
    }

    public var description: String {
        "\(Self.method) \(WebAddress.origin(of: url)?.description ?? "nowhere") (\(body.count) bytes)"
    }
}
