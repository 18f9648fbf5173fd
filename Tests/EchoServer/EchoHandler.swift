import Core
import Sockets

/// Accepts WebSockets only.
final class EchoHandler: ServerHandler {
    private let maxMessage: Int

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
        socket.owner = Echo(socket)
    }
}

/// What one socket is still to be sent.
private final class Echo: TransportOwner {
    private unowned let socket: WebSocket
    private var waiting = ByteWriter()

    init(_ socket: WebSocket) { self.socket = socket }

    func received(_ payload: [UInt8], isText: Bool) {
        var header = ByteWriter(capacity: 10)
        WebSocket.appendTextFrameHeader(length: payload.count, to: &header)
        var bytes = header.bytes
        if !isText { bytes[0] = 0x82 }
        waiting.append(bytes)
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
