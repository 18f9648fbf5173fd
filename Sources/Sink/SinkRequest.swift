public import Push

/// A request as it came to the sink.
public struct SinkRequest: Sendable {
    public let method: String
    /// With its query.
    public let path: String
    public let headers: [PushHeader]
    public let body: [UInt8]

    public init(method: String, path: String, headers: [PushHeader], body: [UInt8]) {
        (self.method, self.path, self.headers, self.body) = (method, path, headers, body)
    }

    func header(_ name: String) -> String? { headers.first(named: name) }

    func count(_ name: String) -> Int { headers.count { [$0].first(named: name) != nil } }
}
