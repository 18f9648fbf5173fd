/// What a server does with its requests. All calls come on the loop's thread.
public protocol ServerHandler: AnyObject {
    /// Answer by the exchange, now or later: it waits for as long as the client does.
    func received(_ request: HTTPRequest, _ exchange: HTTPExchange)

    /// The answer to what could not be read; the server closes the connection afterwards.
    func refused(_ error: HTTPRequestError, remoteAddress: String) -> HTTPResponse

    /// A correct WebSocket handshake on one of the paths for it: check origin and limits here.
    func upgrade(_ request: HTTPRequest) -> UpgradeVerdict

    /// The handshake is done. Set the socket's callbacks here and keep the socket.
    func opened(_ socket: WebSocket, _ request: HTTPRequest)
}

public enum UpgradeVerdict: Sendable {
    /// - Parameter subprotocol: one of those that the client offered in `Sec-WebSocket-Protocol`, or `nil`.
    case accept(subprotocol: String?)
    case refuse(HTTPResponse)
}
