import Core
import Glibc
import Runtime
import Synchronization
import Testing

@testable import Sockets

/// The open transports of a handler, for its later turns. On the server's loop.
private final class Transports {
    var all: [any LiveTransport] = []

    func write(_ text: String) {
        for transport in all { Self.write(text, to: transport) }
    }

    static func write(_ text: String, to transport: any LiveTransport) {
        var writer = ByteWriter()
        if transport is WebSocket { WebSocket.appendTextFrameHeader(length: text.utf8.count, to: &writer) }
        writer.append(text)
        writer.bytes.withUnsafeBytes { transport.write($0) }
    }
}

/// The way to a handler's transports from elsewhere.
private final class Shelf: Sendable {
    let transports = Mutex<LoopBound<Transports>?>(nil)
}

/// What is written to many in one turn, by either way to the kernel.
@Suite struct WritesTests {
    private static let count = 40

    /// A server that keeps its WebSockets and streams, and does something with all when `GET /go` comes.
    private static func serve<T: Sendable>(
        _ way: WriteMethod, record: Record = Record(), shelf: Shelf = Shelf(),
        go: @escaping @Sendable (Transports, ScriptedHandler) -> Void,
        _ body: @escaping @Sendable (ServerHandle) throws -> T
    ) async throws -> T {
        try await withServer(
            .writing(way),
            { handler in
                let transports = Transports()
                shelf.transports.withLock { $0 = .holding(transports, on: handler.loop) }
                func keep(_ transport: any LiveTransport) {
                    let number = transports.all.count
                    transports.all.append(transport)
                    transport.onClosed = { record.add("\(number) \($0)") }
                }
                handler.onOpen = { socket, _ in
                    keep(socket)
                    socket.onMessage = { [unowned socket] payload, _ in
                        socket.send(text: String(decoding: payload, as: UTF8.self))
                    }
                }
                handler.onRequest = { [unowned handler] request, exchange in
                    if request.path == "/stream" { return keep(exchange.stream(status: 200, headers: [])) }
                    go(transports, handler)
                    exchange.respond(HTTPResponse(status: 200))
                }
            }, body)
    }

    private static func sockets(_ server: ServerHandle, receiveBuffer: Int32? = nil) throws -> [TestClient] {
        try (0..<count).map { _ in
            let client = try TestClient(port: server.port, receiveBuffer: receiveBuffer)
            try client.open()
            return client
        }
    }

    private static func go(_ server: ServerHandle) throws -> TestClient {
        let client = try TestClient(port: server.port)
        client.get("/go")
        return client
    }

    @Test(arguments: WriteMethod.possible) func eachGetsAllInOrder(_ way: WriteMethod) async throws {
        let texts = try await Self.serve(way) { transports, _ in
            transports.write("one")
            transports.write("two")
            for case let socket as WebSocket in transports.all {
                socket.send(text: "three")
                socket.close(code: 4000, reason: "four")
            }
        } _: { server in
            let clients = try Self.sockets(server)
            _ = try Self.go(server).answer()
            return try clients.map { client in
                try (0..<3).map { _ in try client.frame().text } + [try client.frame().reason]
            }
        }
        #expect(texts == Array(repeating: ["one", "two", "three", "four"], count: Self.count))
    }

    @Test(arguments: WriteMethod.possible) func streamsGetChunks(_ way: WriteMethod) async throws {
        let wanted = "4\r\none\n\r\n4\r\ntwo\n\r\n0\r\n\r\n"
        let texts = try await Self.serve(way) { transports, _ in
            transports.write("one\n")
            transports.write("two\n")
            for transport in transports.all { transport.close() }
        } _: { server in
            let clients = try (0..<Self.count).map { _ in
                let client = try TestClient(port: server.port)
                client.get("/stream")
                _ = try client.takeHead()
                return client
            }
            _ = try Self.go(server).answer()
            return try clients.map { String(decoding: try $0.take(wanted.utf8.count), as: UTF8.self) }
        }
        #expect(texts == Array(repeating: wanted, count: Self.count))
    }

    /// Buffers run full in the midst of a run: what is left goes out behind it, and nothing between.
    @Test(arguments: WriteMethod.possible) func slowReadersLoseNothing(_ way: WriteMethod) async throws {
        let total = 60
        let numbers = try await Self.serve(way) { transports, handler in
            var next = Array(repeating: 0, count: transports.all.count)
            var backlogs = 0
            func turn() {
                for (index, transport) in transports.all.enumerated() where next[index] < total {
                    guard !transport.isBacklogged else {
                        backlogs += 1
                        continue
                    }
                    Transports.write("\(next[index]):" + String(repeating: "x", count: 9000), to: transport)
                    next[index] += 1
                }
                if next.contains(where: { $0 < total }) {
                    handler.after(1, turn)
                } else {
                    #expect(backlogs > 0)
                }
            }
            turn()
        } _: { server in
            let clients = try Self.sockets(server, receiveBuffer: 8192)
            _ = try Self.go(server).answer()
            return try clients.map { client in
                client.sendText("echo")
                var numbers: [Int] = []
                while numbers.count < total + 1 {
                    let text = try client.frame().text
                    numbers.append(text == "echo" ? -1 : Int(text.split(separator: ":")[0]) ?? -2)
                    if numbers.last! >= 0 { #expect(text.utf8.count > 9000) }
                }
                return numbers
            }
        }
        for some in numbers {
            #expect(some.filter { $0 >= 0 } == Array(0..<total))
            #expect(some.count { $0 == -1 } == 1)
        }
    }

    /// Some peers are gone by the time of the write, without a word; others get theirs.
    @Test(arguments: WriteMethod.possible) func peersThatGoInBetween(_ way: WriteMethod) async throws {
        let record = Record()
        let texts = try await Self.serve(way, record: record) { transports, _ in
            transports.write("one")
            transports.write("two")
        } _: { server in
            var clients = try Self.sockets(server)
            for client in clients[..<20] {
                var reset = linger(l_onoff: 1, l_linger: 0)
                setsockopt(client.descriptor, SOL_SOCKET, SO_LINGER, &reset, socklen_t(MemoryLayout<linger>.size))
            }
            clients.removeFirst(20)
            _ = try Self.go(server).answer()
            _ = try Self.go(server).answer()
            try eventually("the ends") { record.all.count == 20 }
            return try clients.map { client in try (0..<4).map { _ in try client.frame().text } }
        }
        #expect(texts == Array(repeating: ["one", "two", "one", "two"], count: Self.count - 20))
        #expect(Set(record.all.prefix(20)) == Set((0..<20).map { "\($0) failed" }))
    }

    /// What was written in the turn in which the server is closed has been handed to the kernel.
    @Test(arguments: WriteMethod.possible) func closingSendsWhatWasWritten(_ way: WriteMethod) async throws {
        let shelf = Shelf()
        let texts = try await Self.serve(way, shelf: shelf) { _, _ in
        } _: { server in
            let clients = try Self.sockets(server)
            server.onLoop { server in
                shelf.transports.withLock { $0 }!.value.write("last")
                server.close()
            }
            return try clients.map { client in
                let text = try client.frame().text
                return try client.isEnded() ? text : "open"
            }
        }
        #expect(texts == Array(repeating: "last", count: Self.count))
    }

    /// A run that is longer than a batch takes, and more connections than it has room for.
    @Test(arguments: WriteMethod.possible) func longRuns(_ way: WriteMethod) async throws {
        let sizes = [1, 15_000, 40_000, 100, 16_384]
        let lengths = try await Self.serve(way) { transports, _ in
            for size in sizes { transports.write(String(repeating: "y", count: size)) }
        } _: { server in
            let clients = try Self.sockets(server)
            let asking = try Self.go(server)
            let lengths = try clients.map { client in try sizes.map { _ in try client.frame().text.utf8.count } }
            _ = try asking.answer()
            return lengths
        }
        #expect(lengths == Array(repeating: sizes, count: Self.count))
    }

    @Test func theWayIsChosenAtTheStart() throws {
        let refused = SocketError(call: "io_uring_setup", number: EPERM)
        let forbids: () throws(SocketError) -> SendRing = { () throws(SocketError) in throw refused }
        #expect(try WriteMethod.automatic.makeBatch(forbids).hasRing == false)
        #expect(try WriteMethod.send.makeBatch(forbids).hasRing == false)
        #expect(throws: refused) { try WriteMethod.ring.makeBatch(forbids) }
        guard WriteMethod.possible.contains(.ring) else { return }
        #expect(try WriteMethod.automatic.makeBatch().hasRing)
        #expect(try WriteMethod.ring.makeBatch().hasRing)
        #expect(try WriteMethod.send.makeBatch().hasRing == false)
    }
}
