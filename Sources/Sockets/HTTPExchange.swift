import Core
import Runtime

/// The connection that an exchange is of.
protocol ExchangeOwner: AnyObject {
    func answer(_ exchange: HTTPExchange, _ response: HTTPResponse)

    /// The answer is a stream, of which this is the head.
    func stream(_ exchange: HTTPExchange, _ head: HTTPResponse) -> EventStream
}

/// One request and the place for its answer. Confined to the loop; `handle` goes elsewhere.
public final class HTTPExchange {
    enum State {
        /// The connection waits for the answer.
        case waiting(any ExchangeOwner)
        case answered
        /// The connection has gone.
        case closed
    }

    var state: State
    let loop: EventLoop
    let isHead: Bool
    /// A body of unknown length goes in chunks; without them, to HTTP/1.0, it ends with the connection.
    let takesChunks: Bool
    /// Nothing is read after this request.
    let closes: Bool
    /// What its answer carries, whoever makes it.
    let commonHeaders: [(String, String)]
    /// The answer as bytes, when answers before it are still missing.
    var ready: [UInt8]?
    var held: HeldBytes?
    /// The answer is a stream, and whose: `nil` again when it was closed before its turn came.
    var isStream = false
    var stream: EventStream?

    init(
        of owner: any ExchangeOwner, on loop: EventLoop, isHead: Bool, takesChunks: Bool, closes: Bool,
        commonHeaders: [(String, String)]
    ) {
        state = .waiting(owner)
        self.loop = loop
        self.isHead = isHead
        self.takesChunks = takesChunks
        self.closes = closes
        self.commonHeaders = commonHeaders
    }

    /// No answer can be delivered any more.
    public var isClosed: Bool {
        if case .closed = state { true } else { false }
    }

    /// Called once when the client has ended its side or the connection has failed, before there was an answer. An
    /// answer given in it still goes to a client that only ended its side; without one the connection is closed.
    /// Requests for which it is not set are answered even then: a client may send, end its side, and wait.
    public var onClose: (() -> Void)?

    /// Sends the answer, after those of earlier requests on the connection. A second one is dropped with a log line;
    /// on a closed exchange it does nothing.
    public func respond(_ response: HTTPResponse) {
        loop.assertCurrent()
        switch state {
        case .waiting(let owner):
            finish()
            owner.answer(self, response)
        case .answered:
            Log.error("a request was answered twice", ["status": .number(Int64(response.status))])
        case .closed:
            break
        }
    }

    /// Begins an answer of unknown length: the connection is the stream's from now on, and ends with it. To HEAD only its
    /// head is sent, and the stream is closed.
    /// The stream is backlogged until the answers of earlier requests on the connection have gone out. On a closed
    /// or answered exchange the stream is closed from the beginning, and its `onClosed` is called.
    public func stream(status: Int, headers: [(String, String)]) -> EventStream {
        loop.assertCurrent()
        guard case .waiting(let owner) = state else { return EventStream(closedOn: loop) }
        finish()
        return owner.stream(self, HTTPResponse(status: status, headers: headers))
    }

    private func finish() {
        state = .answered
        onClose = nil
    }

    /// The client has gone, or half gone.
    func peerEnded() {
        let action = onClose
        onClose = nil
        action?()
    }

    func connectionClosed() {
        guard case .waiting = state else { return }
        state = .closed
        peerEnded()
    }
}

@available(*, unavailable)
extension HTTPExchange: Sendable {}
