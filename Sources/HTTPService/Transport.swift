public import Sockets

/// What an operation's response is, and who makes it.
public enum Transport: Sendable {
    public typealias Handler = @Sendable (RequestContext) async throws -> Response

    case response(Handler)
    /// The response waits where a parameter is more than 0. It doesn't work meanwhile: it has a limit of its own.
    case longPoll(when: Parameter<Int?>, Handler)
    case eventStream(EventStreamHandler)
    case webSocket(WebSocketHandler)

    /// By a response with an end.
    var isAnswered: Bool {
        switch self {
        case .response, .longPoll: true
        case .eventStream, .webSocket: false
        }
    }
}

/// Opens a stream of server-sent events.
public struct EventStreamHandler: Sendable {
    /// Why an address may open none now. On the sockets' loop, before a token is looked at.
    public let refusal: @Sendable (_ address: String) -> Problem?
    /// Must answer by the handle, or throw: then the client is told by `refused`. To HEAD it gives the head of the stream.
    public let open: @Sendable (RequestContext, ExchangeHandle) async throws -> Void
    /// What a problem is told as.
    public let refused: @Sendable (Problem, HTTPRequest, _ requestID: String) -> HTTPResponse

    public init(
        refusal: @escaping @Sendable (_ address: String) -> Problem?,
        open: @escaping @Sendable (RequestContext, ExchangeHandle) async throws -> Void,
        refused: @escaping @Sendable (Problem, HTTPRequest, _ requestID: String) -> HTTPResponse
    ) {
        self.refusal = refusal
        self.open = open
        self.refused = refused
    }
}

/// Takes WebSockets. The query is not looked at: SDKs put words of their own into it.
public struct WebSocketHandler: Sendable {
    /// Of those that a client offers, the first of these is chosen.
    public let subprotocols: [StaticString]
    /// Why an address may open none now. On the sockets' loop.
    public let refusal: @Sendable (_ address: String) -> Problem?
    /// The handshake is done. On the sockets' loop.
    public let opened: @Sendable (WebSocket, _ subprotocol: StaticString?, _ address: String) -> Void

    public init(
        subprotocols: [StaticString], refusal: @escaping @Sendable (_ address: String) -> Problem?,
        opened: @escaping @Sendable (WebSocket, _ subprotocol: StaticString?, _ address: String) -> Void
    ) {
        self.subprotocols = subprotocols
        self.refusal = refusal
        self.opened = opened
    }

    func subprotocol(for request: HTTPRequest) -> StaticString? {
        subprotocols.first { request.headers.hasToken($0, in: "sec-websocket-protocol") }
    }
}
