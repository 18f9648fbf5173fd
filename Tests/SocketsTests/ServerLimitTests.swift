import Core
import Glibc
import Runtime
import Testing

@testable import Sockets

/// Limits, draining, closing.
@Suite struct ServerLimitTests {
    @Test func tooManyConnectionsGet503() async throws {
        let (statuses, retry, after) = try await withServer(
            .with { $0.maxConnections = 3 }, { $0.proxies = ["127.0.0.1"] }
        ) { server in
            var clients = try (0..<5).map { _ in try TestClient(port: server.port) }
            for client in clients { client.get("/") }
            let answers = try clients.map { try $0.answer() }
            _ = try clients[4].isEnded()
            clients = []
            var again = 503
            try eventually("room") {
                guard let client = try? TestClient(port: server.port) else { return false }
                client.get("/")
                again = (try? client.answer().status) ?? 0
                return again == 200
            }
            return (answers.map(\.status), answers[4].headers["retry-after"], again)
        }
        #expect(statuses.sorted() == [200, 200, 200, 503, 503])
        #expect(retry == "5")
        #expect(after == 200)
    }

    @Test func anAddressHasItsOwnLimit() async throws {
        let statuses = try await withServer(.with { $0.maxConnectionsPerAddress = 2 }) { server in
            let clients = try (0..<3).map { _ in try TestClient(port: server.port) }
            try clients[0].open()
            for client in clients[1...] { client.get("/") }
            return try clients[1...].map { try $0.answer().status }
        }
        #expect(statuses.sorted() == [200, 503])
    }

    /// Plain requests and WebSockets, closed by the client or by the server's end: no descriptor stays.
    @Test func twoThousandConnectionsLeaveNoDescriptor() async throws {
        let left = try await withServer(.with { $0.maxConnections = 5000 }) { server in
            for _ in 0..<4 {
                var clients: [TestClient] = []
                for index in 0..<500 {
                    let client = try TestClient(port: server.port)
                    if index % 2 == 0 { try client.open() } else { client.get("/") }
                    if index % 4 == 1 { _ = try client.answer() }
                    clients.append(client)
                }
                try eventually("500 connections") { socketsOf(port: server.port) == 501 }
            }
            try eventually("the listening socket alone") { socketsOf(port: server.port) == 1 }
            return server.port
        }
        try await onThread {
            try eventually("no socket") { socketsOf(port: left) == 0 }
        }
    }

    @Test func drainingFinishesWhatHasBegun() async throws {
        let record = Record()
        let answers = try await withServer(
            .forTests,
            { handler in
                func whenDraining(_ action: @escaping () -> Void) {
                    handler.after(5) { record.all.contains("draining") ? action() : whenDraining(action) }
                }
                handler.onRequest = { request, exchange in
                    record.add(request.path)
                    whenDraining { exchange.respond(HTTPResponse(status: 200)) }
                }
                handler.onOpen = { socket, _ in
                    whenDraining { socket.close(code: 3001, reason: "shutdown") }
                }
            }
        ) { server in
            let idle = try TestClient(port: server.port)
            let busy = try TestClient(port: server.port)
            let half = try TestClient(port: server.port)
            let socket = try TestClient(port: server.port)
            busy.get("/busy")
            half.send("GET /half HTTP/1.1\r\nHost: h\r\n")
            try socket.open()
            try record.wait(for: "/busy")
            server.onLoop {
                $0.drain { record.add("drained") }
                record.add("draining")
            }
            _ = try idle.isEnded()
            half.send("\r\n")
            let answers = [try busy.answer(), try half.answer()]
            let close = try socket.frame()
            socket.sendClose(3001)
            _ = try (busy.isEnded(), half.isEnded(), socket.isEnded())
            // Our end: the server waits for it, so that nothing it sent gets lost.
            busy.shutdownWrite()
            half.shutdownWrite()
            try record.wait(for: "drained")
            let refused = (try? TestClient(port: server.port)) == nil
            return (answers, close.code, refused)
        }
        #expect(answers.0.map(\.status) == [200, 200])
        #expect(answers.0.map { $0.headers["connection"] } == ["close", "close"])
        #expect(answers.1 == 3001)
        #expect(answers.2)
        #expect(record.all == ["/busy", "draining", "/half", "drained"])
    }

    /// Set on the listening socket; Linux hands them on.
    @Test func acceptedSocketsHaveTheirOptions() async throws {
        let record = Record()
        try await withServer(
            .forTests,
            { handler in
                handler.onOpen = { socket, _ in
                    func option(_ level: Int32, _ name: Int32) -> Int32 {
                        var value: Int32 = -1
                        var length = socklen_t(MemoryLayout<Int32>.size)
                        getsockopt(socket.connection.descriptor, level, name, &value, &length)
                        return value
                    }
                    let tcp = Int32(IPPROTO_TCP)
                    record.add("\(option(tcp, TCP_NODELAY)) \(option(tcp, TCP_NOTSENT_LOWAT))")
                    record.add("\(option(tcp, TCP_USER_TIMEOUT)) \(option(SOL_SOCKET, SO_KEEPALIVE))")
                    record.add("\(fcntl(socket.connection.descriptor, F_GETFD) & FD_CLOEXEC)")
                    record.add("\(fcntl(socket.connection.descriptor, F_GETFL) & O_NONBLOCK != 0)")
                }
            }
        ) { server in
            let client = try TestClient(port: server.port)
            try client.open()
        }
        #expect(record.all == ["1 16384", "45000 1", "1", "true"])
    }

    @Test func bothFamiliesAreTaken() async throws {
        let body = try await withServer(
            .with { $0.address = "::" },
            { handler in
                handler.onRequest = { request, exchange in
                    exchange.respond(HTTPResponse(status: 200, body: Array(request.remoteAddress.utf8)))
                }
            }
        ) { server in
            let client = try TestClient(port: server.port)
            client.get("/")
            return try client.answer().text
        }
        #expect(body == "127.0.0.1")
    }

    @Test func anEmptyServerIsDrainedAtOnce() async throws {
        let record = Record()
        try await withServer { server in
            server.onLoop { $0.drain { record.add("drained") } }
            try record.wait(for: "drained")
        }
    }

    @Test func closingEndsADrain() async throws {
        let loop = EventLoop(name: "test")
        let server = try await SocketServer.start(on: loop, options: .forTests) {
            let handler = ScriptedHandler(loop)
            handler.onRequest = { _, exchange in _ = exchange }
            return handler
        }
        let client = try await onThread {
            let client = try TestClient(port: server.port)
            client.get("/")
            return client.descriptor
        }
        #expect(client > 0)
        async let drained: Void = server.drain()
        await server.close()
        await drained
        loop.stop()
    }

    @Test func twoServersShareAPort() async throws {
        var options = ServerOptions.forTests
        options.reusePort = true
        let shared = options
        let ports = try await withServer(shared) { server in server.port }
        #expect(ports > 0)
        let loop = EventLoop(name: "test")
        let first = try await SocketServer.start(on: loop, options: shared) { ScriptedHandler(loop) }
        options.port = first.port
        let second = options
        let other = EventLoop(name: "test2")
        let again = try await SocketServer.start(on: other, options: second) { ScriptedHandler(other) }
        #expect(again.port == first.port)
        await first.close()
        let status = try await onThread {
            let client = try TestClient(port: again.port)
            client.get("/")
            return try client.answer().status
        }
        #expect(status == 200)
        await again.close()
        loop.stop()
        other.stop()
    }

    @Test func aWrongAddressOrUsedPortThrows() async throws {
        let taken = try await withServer { server in server.port }
        #expect(taken > 0)
        let loop = EventLoop(name: "test")
        await #expect(throws: SocketError.self) {
            _ = try await SocketServer.start(on: loop, options: .with { $0.address = "not an address" }) {
                ScriptedHandler(loop)
            }
        }
        let first = try await SocketServer.start(on: loop, options: .forTests) { ScriptedHandler(loop) }
        await #expect(throws: SocketError.self) {
            _ = try await SocketServer.start(on: loop, options: .with { $0.port = first.port }) {
                ScriptedHandler(loop)
            }
        }
        await first.close()
        loop.stop()
    }
}

/// Descriptors of this process for sockets of a server: the listening one, and its connections.
func socketsOf(port: Int) -> Int {
    (0..<20_000).count { descriptor in
        var address = sockaddr_in()
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let status = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                getsockname(Int32(descriptor), $0, &length)
            }
        }
        return status == 0 && address.sin_family == sa_family_t(AF_INET)
            && Int(UInt16(bigEndian: address.sin_port)) == port
    }
}
