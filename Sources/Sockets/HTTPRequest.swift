/// A whole request.
public struct HTTPRequest: Sendable {
    /// As received, such as `GET`: a token, at most 32 bytes. Methods are case-sensitive.
    public var method: String
    /// Path and query as received; of an absolute target (`http://host/path`) what follows the authority.
    public var target: String
    /// Decoded, without the query. It begins with `/`, save for `OPTIONS *`. An escaped slash is refused, so the
    /// segments are what is between the slashes; dots are left as they are.
    public var path: String
    /// Decoded pairs in the order received, duplicates kept; `+` is a space. A name without `=` has an empty value.
    public var query: [(name: String, value: String)]
    public var headers: HTTPHeaders
    public var body: [UInt8]
    /// The peer's address as a number, such as `203.0.113.7` or `2001:db8::1`. Behind a proxy it is the proxy's.
    public var remoteAddress: String
    /// HTTP/1.0: no upgrade, no chunks.
    public var isVersion10: Bool
    /// The body's part of the budget, for as long as the request is being worked on.
    var held: HeldBytes?

    public init(
        method: String, target: String, path: String, query: [(name: String, value: String)] = [],
        headers: HTTPHeaders = HTTPHeaders(), body: [UInt8] = [], remoteAddress: String = "",
        isVersion10: Bool = false
    ) {
        self.method = method
        self.target = target
        self.path = path
        self.query = query
        self.headers = headers
        self.body = body
        self.remoteAddress = remoteAddress
        self.isVersion10 = isVersion10
    }

    /// For tests of handlers: reads the target as the server does; `nil` where the server would refuse it.
    public init?(
        _ method: String, _ target: String, headers: [(name: String, value: String)] = [], body: [UInt8] = [],
        remoteAddress: String = "127.0.0.1"
    ) {
        guard let parsed = try? RequestTarget(Array(target.utf8)[...], method: method, queryLimit: 64) else {
            return nil
        }
        self.init(
            method: method, target: parsed.text, path: parsed.path, query: parsed.query,
            headers: HTTPHeaders(headers), body: body, remoteAddress: remoteAddress)
    }
}
