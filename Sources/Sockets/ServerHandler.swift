public import Core

/// What a server does with its requests. All calls come on the loop's thread.
public protocol ServerHandler: AnyObject {
    /// Respond by the exchange, now or later: it waits for as long as the client does.
    func received(_ request: HTTPRequest, _ exchange: HTTPExchange)

    /// Headers for every response, whoever makes it: also to what could not be read, and in a stream's head.
    /// - Parameter origin: the request's one `Origin`, as far as it was read.
    func commonHeaders(origin: String?) -> [(String, String)]

    /// The response to what could not be read; the server closes the connection afterwards.
    func refused(_ error: HTTPRequestError, remoteAddress: String) -> HTTPResponse

    /// Does this peer pass on what others send? Then its connections are not its own: each is counted for the client
    /// whose request it carries.
    func isProxy(_ peer: IPAddress) -> Bool

    /// Who has sent a request that came through a proxy; `nil` where the proxy does not say.
    func client(of request: HTTPRequest) -> IPAddress?

    /// A correct WebSocket handshake on one of the paths for it: check origin and limits here.
    func upgrade(_ request: HTTPRequest) -> UpgradeVerdict

    /// The handshake is done. Set the socket's callbacks here and keep the socket.
    func opened(_ socket: WebSocket, _ request: HTTPRequest)
}

extension ServerHandler {
    public func commonHeaders(origin: String?) -> [(String, String)] { [] }
    public func isProxy(_ peer: IPAddress) -> Bool { false }
    public func client(of request: HTTPRequest) -> IPAddress? { nil }
}

public enum UpgradeVerdict: Sendable {
    /// - Parameter subprotocol: one of those that the client offered in `Sec-WebSocket-Protocol`, or `nil`.
    case accept(subprotocol: String?)
    case refuse(HTTPResponse)
}
