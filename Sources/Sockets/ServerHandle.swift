public import Runtime

/// A server seen from other threads: its work is done on the server's loop.
public struct ServerHandle: Sendable {
    public let port: Int
    private let server: LoopBound<SocketServer>

    init(_ server: SocketServer) {
        port = server.port
        self.server = .holding(server, on: server.loop)
    }

    public func onLoop(_ body: @escaping @Sendable (SocketServer) -> Void) {
        server.run(body)
    }

    /// Returns when the last connection has gone. See `SocketServer.drain`; the caller sets the limit.
    public func drain() async {
        await withCheckedContinuation { continuation in
            server.run({ server in server.drain { continuation.resume() } }, orElse: { continuation.resume() })
        }
    }

    /// Returns when everything is closed.
    public func close() async {
        await withCheckedContinuation { continuation in
            server.run({ server in server.close { continuation.resume() } }, orElse: { continuation.resume() })
        }
    }
}

extension SocketServer {
    /// Makes a handler and a server for it on the loop.
    public static func start(
        on loop: EventLoop, options: ServerOptions, handler: @escaping @Sendable () throws -> any ServerHandler
    ) async throws -> ServerHandle {
        try await loop.run {
            ServerHandle(try SocketServer(loop: loop, options: options, handler: handler()))
        }
    }
}
