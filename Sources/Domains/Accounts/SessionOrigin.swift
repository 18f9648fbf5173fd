import Core
import HTTPService

/// Where a session is used from.
public struct SessionOrigin: Sendable {
    static let longestClient = 200
    /// As limits count it.
    public let address: String
    /// What the client calls itself, cut after 200 characters; `nil` where it does not say, or says it unreadably.
    public let client: String?

    package init(address: String, client: String?) {
        (self.address, self.client) = (address, client)
    }

    init(_ request: RequestContext) {
        address = request.address
        client = request.http.headers.only("user-agent").flatMap(Self.client)
    }

    /// Header values are visible ASCII and spaces.
    private static func client(_ header: String) -> String? {
        let name = header.withoutOuterSpace
        guard !name.isEmpty, name.utf8.allSatisfy({ 0x20...0x7e ~= $0 }) else { return nil }
        return String(decoding: name.utf8.prefix(longestClient), as: UTF8.self)
    }
}
