import Core

/// What a route takes and does.
public struct Route: Sendable {
    public enum Access: Sendable {
        case anyone
        /// Anyone, but a token that is given must be good.
        case optional
        case signedIn
    }

    /// Which limit counts its requests.
    public enum Class: String, Sendable, CaseIterable {
        case free, read, write, auth
    }

    public typealias Handler = @Sendable (RequestScope) async throws -> Answer

    public let method: String
    /// Segments; `{name}` takes any one segment, `@{name}` one that begins with `@`.
    public let pattern: String
    public let access: Access
    public let limit: Class
    /// The query parameters that are known.
    public let parameters: [String]
    /// How long an answer may get, where that is more than a few KB: room for it is taken before the work begins. Routes
    /// whose requests wait take it by `RequestScope.hold`, when their turn has come.
    public let largest: Int
    public let handler: Handler

    let segments: [Substring]

    public init(
        _ method: String, _ pattern: String, _ access: Access, _ limit: Class, parameters: [String] = [],
        largest: Int = 0, _ handler: @escaping Handler
    ) {
        self.method = method
        self.pattern = pattern
        self.access = access
        self.limit = limit
        self.parameters = parameters
        self.largest = largest
        self.handler = handler
        segments = pattern.dropFirst().split(separator: "/", omittingEmptySubsequences: false)
    }

    /// The placeholders' values, or `nil` when the path is not of this pattern.
    func match(_ path: [Substring]) -> [String: String]? {
        guard path.count == segments.count else { return nil }
        var values: [String: String] = [:]
        for (given, wanted) in zip(path, segments) {
            if wanted.hasPrefix("@{") {
                guard given.hasPrefix("@") else { return nil }
                values[String(wanted.dropFirst(2).dropLast())] = String(given.dropFirst())
            } else if wanted.hasPrefix("{") {
                guard !given.isEmpty, !given.hasPrefix("@") else { return nil }
                values[String(wanted.dropFirst().dropLast())] = String(given)
            } else if !given.isExactly(wanted) {
                return nil
            }
        }
        return values
    }
}
