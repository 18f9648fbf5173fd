import Core
import Deflate
import Sockets

/// Accepts WebSockets only.
final class EchoHandler: ServerHandler {
    private let maxMessage: Int
    private let deflater = Deflater()

    init(maxMessage: Int) { self.maxMessage = maxMessage }

    func received(_ request: HTTPRequest, _ exchange: HTTPExchange) {
        exchange.respond(HTTPResponse(status: 404))
    }

    func refused(_ error: HTTPRequestError, remoteAddress: String) -> HTTPResponse {
        HTTPResponse(status: error.status)
    }

    func upgrade(_ request: HTTPRequest) -> UpgradeVerdict { .accept(subprotocol: nil) }

    func opened(_ socket: WebSocket, _ request: HTTPRequest) {
        socket.maxMessage = maxMessage
        socket.owner = Echo(socket, deflater)
    }
}

/// What one socket is still to be sent.
private final class Echo: TransportOwner {
    private unowned let socket: WebSocket
    private let deflater: Deflater?
    private var waiting = ByteWriter()

    init(_ socket: WebSocket, _ deflater: Deflater) {
        self.socket = socket
        self.deflater = socket.isDeflated ? deflater : nil
    }

    func received(_ payload: [UInt8], isText: Bool) {
        let payload = deflater?.compress(payload) ?? payload
        WebSocket.appendFrameHeader(
            length: payload.count, isText: isText, isDeflated: deflater != nil, to: &waiting)
        waiting.append(payload)
        drained()
    }

    func drained() {
        guard !socket.isBacklogged, waiting.count > 0 else { return }
        let run = waiting.bytes
        waiting = ByteWriter()
        run.withUnsafeBytes { socket.write($0) }
    }

    func closed(_ reason: CloseReason) { waiting = ByteWriter() }
}
