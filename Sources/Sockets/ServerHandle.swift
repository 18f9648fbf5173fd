public import Runtime

/// A server seen from other threads: what it is given is done on the server's loop.
public struct ServerHandle: Sendable {
    public let port: Int
    private let box: Box

    /// Carries the server as an address, because it may be touched on its loop only: the box holds one retain, which
    /// is given back there.
    private final class Box: Sendable {
        let loop: EventLoop
        let address: UInt

        init(_ server: SocketServer) {
            loop = server.loop
            address = UInt(bitPattern: Unmanaged.passRetained(server).toOpaque())
        }

        deinit {
            let address = address
            loop.post { Box.reference(address).release() }
        }

        static func reference(_ address: UInt) -> Unmanaged<SocketServer> {
            Unmanaged.fromOpaque(UnsafeRawPointer(bitPattern: address)!)
        }
    }

    init(_ server: SocketServer) {
        port = server.port
        box = Box(server)
    }

    public func onLoop(_ body: @escaping @Sendable (SocketServer) -> Void) {
        box.loop.post { [box] in body(Box.reference(box.address).takeUnretainedValue()) }
    }

    /// Returns when the last connection has gone. See `SocketServer.drain`; the caller sets the limit.
    public func drain() async {
        await withCheckedContinuation { continuation in
            onLoop { server in server.drain { continuation.resume() } }
        }
    }

    /// Returns when everything is closed.
    public func close() async {
        await withCheckedContinuation { continuation in
            onLoop { server in server.close { continuation.resume() } }
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
