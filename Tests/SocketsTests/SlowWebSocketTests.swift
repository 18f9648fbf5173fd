import Core
import Glibc
import Runtime
import Testing

@testable import Sockets

/// Clients that do not read, and what that costs: however writes reach the kernel.
@Suite struct SlowWebSocketTests {
    private static func frame(_ text: String) -> [UInt8] {
        var writer = ByteWriter()
        WebSocket.appendTextFrameHeader(length: text.utf8.count, to: &writer)
        writer.append(text)
        return writer.bytes
    }

    /// The backlog is told, pings are answered behind it, nothing is lost, and the loop does not spin meanwhile.
    @Test(arguments: WriteMethod.possible) func aSlowReaderDrains(_ way: WriteMethod) async throws {
        let record = Record()
        let (texts, pongs, cpu) = try await withServer(
            .writing(way),
            { handler in
                handler.onOpen = { [unowned handler] socket, _ in
                    var next = 0
                    func fill() {
                        while !socket.isBacklogged && next < 300 {
                            Self.frame("\(next):" + String(repeating: "x", count: 10_000)).withUnsafeBytes(socket.write)
                            next += 1
                        }
                        record.add(socket.isBacklogged ? "backlogged" : "all written")
                    }
                    socket.onDrained = fill
                    // Not before the client has seen the answer to its handshake.
                    handler.after(5, fill)
                }
            }
        ) { server in
            let client = try TestClient(port: server.port, receiveBuffer: 8192)
            try client.open()
            try record.wait(for: "backlogged")
            client.send(TestClient.frame(9, [1, 2, 3]))
            client.send(TestClient.frame(1, [1]))
            let before = server.cpuMilliseconds()
            usleep(300_000)
            let cpu = server.cpuMilliseconds() - before
            var texts: [Int] = []
            var pongs = 0
            while texts.count < 300 || pongs == 0 {
                let frame = try client.frame()
                if frame.opcode == 10 { pongs += 1 } else { texts.append(Int(frame.text.split(separator: ":")[0])!) }
            }
            return (texts, pongs, cpu)
        }
        #expect(texts == Array(0..<300))
        #expect(pongs == 1)
        #expect(cpu < 100)
        #expect(record.all.last == "all written")
    }

    /// Closing a backlogged socket sends what waits and then the Close frame, when the client reads on in time.
    @Test(arguments: WriteMethod.possible) func aBacklogGoesOutBeforeTheCloseFrame(_ way: WriteMethod) async throws {
        let (count, close) = try await withServer(
            .writing(way),
            { handler in
                handler.onOpen = { [unowned handler] socket, _ in
                    handler.after(5) {
                        while !socket.isBacklogged {
                            Self.frame(String(repeating: "x", count: 10_000)).withUnsafeBytes(socket.write)
                        }
                        socket.close(code: 3008, reason: "slow")
                    }
                }
            }
        ) { server in
            let client = try TestClient(port: server.port, receiveBuffer: 8192)
            try client.open()
            usleep(50_000)
            var count = 0
            while true {
                let frame = try client.frame()
                if frame.opcode == 8 { return (count, frame) }
                count += 1
            }
        }
        #expect(count > 1)
        #expect(close.code == 3008 && close.reason == "slow")
    }

    /// A client that took nothing for too long, and reads on then, is told why it is closed: behind what waited for it.
    @Test(arguments: WriteMethod.possible) func whoReadsAgainIsToldWhy(_ way: WriteMethod) async throws {
        let record = Record()
        let (count, close, written) = try await withServer(
            .writing(way) { $0.writeTimeout = 200 },
            { handler in
                handler.onOpen = { [unowned handler] socket, _ in
                    socket.onClosed = { record.add("\($0)") }
                    handler.after(5) {
                        var written = 0
                        while !socket.isBacklogged {
                            Self.frame(String(repeating: "x", count: 10_000)).withUnsafeBytes(socket.write)
                            written += 1
                        }
                        record.add("\(written)")
                    }
                }
            }
        ) { server in
            let client = try TestClient(port: server.port, receiveBuffer: 8192)
            try client.open()
            try record.wait(for: "stalled")
            var count = 0
            while true {
                let frame = try client.frame()
                if frame.opcode == 8 { return (count, frame, Int(record.all[0])) }
                count += 1
            }
        }
        #expect(count == written)
        #expect(close.code == 3008 && close.reason == "slow")
    }

    /// What waits for one that does not read has a limit, and is shown.
    @Test(arguments: WriteMethod.possible) func whatMayWaitHasALimit(_ way: WriteMethod) async throws {
        let record = Record()
        try await withServer(
            .writing(way) { $0.maxWaiting = 600_000 },
            { handler in
                handler.onOpen = { [unowned handler] socket, request in
                    socket.onClosed = { record.add("\(request.target) \($0)") }
                    let size = request.target == "/ws?most" ? 500_000 : 700_000
                    handler.after(5) {
                        Self.frame(String(repeating: "x", count: size)).withUnsafeBytes(socket.write)
                    }
                }
            }
        ) { server in
            let most = try TestClient(port: server.port, receiveBuffer: 4096)
            try most.open("/ws?most")
            let more = try TestClient(port: server.port, receiveBuffer: 4096)
            try more.open("/ws?more")
            try record.wait(for: "/ws?more stalled")
            #expect(record.all == ["/ws?more stalled"])
            try eventually("the gauge") { SocketMetrics.shared.mostWaiting.level > 500_000 }
            #expect(SocketMetrics.shared.mostWaiting.level < 600_000)
        }
    }

    /// A client that never reads is closed after the write timeout.
    @Test(arguments: WriteMethod.possible) func aClientThatNeverReadsIsCut(_ way: WriteMethod) async throws {
        let record = Record()
        try await withServer(
            .writing(way) { $0.writeTimeout = 200 },
            { handler in
                handler.onOpen = { socket, _ in
                    socket.onClosed = { record.add("\($0)") }
                    while !socket.isBacklogged {
                        Self.frame(String(repeating: "x", count: 10_000)).withUnsafeBytes(socket.write)
                    }
                }
            }
        ) { server in
            let client = try TestClient(port: server.port, receiveBuffer: 4096)
            client.sendHandshake()
            try eventually("the end") { !record.all.isEmpty }
        }
        #expect(record.all == ["stalled"] || record.all == ["failed"])
    }

    /// Replies to a client that asks without reading do not pile up: what it asks at once has a limit, and what it asks
    /// later is not read.
    @Test(arguments: WriteMethod.possible) func repliesHaveALimit(_ way: WriteMethod) async throws {
        let record = Record()
        try await withServer(
            .writing(way),
            { handler in
                handler.onOpen = { socket, _ in
                    socket.onMessage = { [unowned socket] _, _ in
                        socket.send(text: String(repeating: "x", count: 10_000))
                    }
                    socket.onClosed = { record.add("\($0)") }
                }
            }
        ) { server in
            let client = try TestClient(port: server.port, receiveBuffer: 4096)
            try client.open()
            client.send((0..<2000).flatMap { _ in TestClient.frame(1, Array("more".utf8)) })
            try eventually("the end") { !record.all.isEmpty }
        }
        #expect(record.all == ["stalled"])
    }

    /// 2,000 sockets of which none reads: what the server holds for each is little.
    @Test(arguments: WriteMethod.possible)
    func theKernelHoldsLittleForAClientThatDoesNotRead(_ way: WriteMethod) async throws {
        let written = try await withServer(
            .writing(way),
            { handler in
                handler.onOpen = { socket, _ in
                    var written = 0
                    while !socket.isBacklogged {
                        Self.frame(String(repeating: "x", count: 1000)).withUnsafeBytes(socket.write)
                        written += 1000
                    }
                    handler.onRequest = { _, exchange in
                        exchange.respond(HTTPResponse(status: 200, body: Array("\(written)".utf8)))
                    }
                }
            }
        ) { server in
            let client = try TestClient(port: server.port, receiveBuffer: 4096)
            client.sendHandshake()
            try eventually("an answer") {
                guard let other = try? TestClient(port: server.port) else { return false }
                other.get("/")
                return Int((try? other.answer().text) ?? "") != nil
            }
            let other = try TestClient(port: server.port)
            other.get("/")
            return Int(try other.answer().text)!
        }
        // The client's buffer and 16 KiB of unsent bytes, and some slack.
        #expect(written < 200_000)
    }
}
