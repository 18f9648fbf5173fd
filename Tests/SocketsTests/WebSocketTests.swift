import Core
import Glibc
import Runtime
import Testing

@testable import Sockets

@Suite struct WebSocketTests {
    typealias Frame = TestClient.Frame

    @Test func theHandshakeIsThatOfTheStandard() async throws {
        let head = try await withServer { server in
            let client = try TestClient(port: server.port)
            client.sendHandshake()
            return try client.takeHead().headers
        }
        #expect(head["sec-websocket-accept"] == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
        #expect(head["upgrade"]?.lowercased() == "websocket")
        #expect(head["sec-websocket-protocol"] == nil)
        #expect(head["sec-websocket-extensions"] == nil)
    }

    @Test func theHandlerSeesTheRequestAndChoosesTheSubprotocol() async throws {
        let record = Record()
        let head = try await withServer(
            .forTests,
            { handler in
                handler.onUpgrade = { request in
                    record.add("\(request.target) \(request.headers.first("origin") ?? "") \(request.remoteAddress)")
                    return .accept(subprotocol: "two")
                }
                handler.onOpen = { _, request in record.add(request.path) }
            }
        ) { server in
            let client = try TestClient(port: server.port)
            client.sendHandshake(
                "/ws?a=b", TestClient.handshake + ["Origin: http://o", "Sec-WebSocket-Protocol: one, two"])
            return try client.takeHead().headers
        }
        #expect(head["sec-websocket-protocol"] == "two")
        #expect(record.all == ["/ws?a=b http://o 127.0.0.1", "/ws"])
    }

    static let refusals: [([String], Int)] = [
        ([], 426),
        (TestClient.handshake.filter { !$0.hasPrefix("Upgrade") }, 426),
        (TestClient.handshake.filter { !$0.hasPrefix("Connection") }, 426),
        (TestClient.handshake.filter { !$0.contains("Version") }, 426),
        (TestClient.handshake.map { $0.replacing("13", with: "8") }, 426),
        (TestClient.handshake.filter { !$0.contains("Key") }, 400),
        (TestClient.handshake.map { $0.replacing("dGhl", with: "dGh") }, 400),
        (TestClient.handshake.map { $0.replacing("Q==", with: "R==") }, 400),
        (TestClient.handshake.map { $0.replacing("dGhl", with: "dG!l") }, 400),
        (TestClient.handshake + ["Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="], 400),
        (TestClient.handshake + ["Content-Length: 3"], 400),
    ]

    @Test(arguments: refusals.indices) func wrongHandshakesGetAnAnswer(index: Int) async throws {
        let answer = try await withServer { server in
            let client = try TestClient(port: server.port)
            client.sendHandshake("/ws", Self.refusals[index].0, early: Array("abc".utf8))
            return try client.answer()
        }
        #expect(answer.status == Self.refusals[index].1)
        #expect((answer.headers["sec-websocket-version"] == "13") == (answer.status == 426))
    }

    /// On its path too it is a request like any other.
    @Test(arguments: ["POST", "TRACE", "GEGETT"]) func anotherMethodIsNoHandshake(method: String) async throws {
        let record = Record()
        let status = try await withServer(
            .forTests,
            { handler in
                handler.onUpgrade = { request in
                    record.add(request.method)
                    return .accept(subprotocol: nil)
                }
            }
        ) { server in
            let client = try TestClient(port: server.port)
            let fields = TestClient.handshake.map { $0 + "\r\n" }.joined()
            client.send("\(method) /ws HTTP/1.1\r\nHost: h\r\n\(fields)\r\n")
            return try client.answer().status
        }
        #expect(status == 200)
        #expect(record.all.isEmpty)
    }

    @Test func aRefusalIsAnOrdinaryAnswer() async throws {
        let statuses = try await withServer(
            .forTests, { handler in handler.onUpgrade = { _ in .refuse(HTTPResponse(status: 403)) } }
        ) { server in
            let client = try TestClient(port: server.port)
            client.sendHandshake()
            let refused = try client.answer().status
            client.get("/next")
            return [refused, try client.answer().status]
        }
        #expect(statuses == [403, 200])
    }

    /// After a request on the same connection, with frames right behind the handshake.
    @Test func framesMayComeWithTheHandshake() async throws {
        let texts = try await withServer { server in
            let client = try TestClient(port: server.port)
            client.get("/")
            _ = try client.answer()
            let early = (0..<100).flatMap { TestClient.frame(1, Array("early \($0)".utf8)) }
            client.sendHandshake("/ws", early: early)
            _ = try client.takeHead()
            client.sendText("late")
            return try (0..<101).map { _ in try client.frame().text }
        }
        #expect(texts == (0..<100).map { "early \($0)" } + ["late"])
    }

    @Test(arguments: [0, 1, 125, 126, 511, 512, 513, 65_535, 65_536]) func echoes(length: Int) async throws {
        let text = String(repeating: "x", count: length)
        let frame = try await withServer { server in
            let client = try TestClient(port: server.port)
            try client.open()
            client.sendText(text)
            return try client.frame()
        }
        #expect(frame == Frame(opcode: 1, payload: Array(text.utf8)))
    }

    @Test func fragmentsArriveAsOneMessageWithPingsBetween() async throws {
        let record = Record()
        let frames = try await withServer(
            .forTests,
            { handler in
                handler.onOpen = { socket, _ in
                    socket.onMessage = { [unowned socket] payload, isText in
                        record.add("\(isText) \(payload)")
                        if isText { socket.send(text: "done") }
                    }
                }
            }
        ) { server in
            let client = try TestClient(port: server.port)
            try client.open()
            client.send(TestClient.frame(2, [1, 2], isFinal: false))
            client.send(TestClient.frame(0, [], isFinal: false))
            client.send(TestClient.frame(9, Array("ping".utf8)))
            let pong = try client.frame()
            client.send(TestClient.frame(0, [3]))
            // A character of three bytes, cut in the middle.
            client.send(TestClient.frame(1, [0xE2, 0x82], isFinal: false))
            client.send(TestClient.frame(0, [0xAC]))
            return [pong, try client.frame()]
        }
        #expect(frames[0] == Frame(opcode: 10, payload: Array("ping".utf8)))
        #expect(frames[1].text == "done")
        #expect(record.all == ["false [1, 2, 3]", "true [226, 130, 172]"])
    }

    static let violations: [([UInt8], Int)] = [
        (TestClient.frame(1, [UInt8](repeating: 120, count: 65_537)), 1009),
        (
            TestClient.frame(1, [UInt8](repeating: 120, count: 40_000), isFinal: false)
                + TestClient.frame(0, [UInt8](repeating: 120, count: 40_000)), 1009
        ),
        // Lengths of 2^40 and 2^63, of which nothing comes.
        ([0x82, 0xFF, 0, 0, 1, 0, 0, 0, 0, 0, 1, 2, 3, 4], 1009),
        ([0x82, 0xFF, 0x80, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4], 1002),
        (TestClient.frame(1, [0xFF, 0xFE]), 1007),
        (TestClient.frame(1, [0xC0, 0x80]), 1007),
        (TestClient.frame(3, []), 1002),
        (TestClient.frame(0, [1]), 1002),
        (TestClient.frame(9, [], isFinal: false), 1002),
        ([0xC1, 0x80, 1, 2, 3, 4], 1002),
        (TestClient.frame(1, [1], isMasked: false), 1002),
    ]

    @Test(arguments: violations.indices) func violationsCloseWithTheirCode(index: Int) async throws {
        let record = Record()
        let (frame, told) = try await withServer(
            .forTests,
            { handler in
                handler.onOpen = { socket, _ in socket.onClosed = { record.add("\($0)") } }
            }
        ) { server in
            let client = try TestClient(port: server.port)
            try client.open()
            client.send(Self.violations[index].0)
            let frame = try client.frame()
            try eventually("onClosed") { !record.all.isEmpty }
            return (frame, record.all)
        }
        #expect(frame.opcode == 8)
        #expect(frame.code == Self.violations[index].1)
        #expect(told == [Self.violations[index].1 == 1009 ? "local" : "failed"])
    }

    @Test(arguments: [(3500, "invalid token"), (1000, ""), (4999, String(repeating: "é", count: 100))])
    func closesWithCodeAndReason(code: Int, reason: String) async throws {
        let record = Record()
        let (frame, ended) = try await withServer(
            .forTests,
            { handler in
                handler.onOpen = { socket, _ in
                    socket.onMessage = { [unowned socket] _, _ in
                        record.add("message")
                        socket.send(text: "last")
                        socket.close(code: code, reason: reason)
                        socket.close()
                        socket.send(text: "never")
                        record.add("\(socket.isClosed)")
                    }
                    socket.onClosed = { record.add("\($0)") }
                }
            }
        ) { server in
            let client = try TestClient(port: server.port)
            try client.open()
            client.sendText("a")
            guard try client.frame().text == "last" else { throw NeverHappened(description: "last") }
            let frame = try client.frame()
            client.sendText("not delivered")
            client.sendClose(frame.code ?? 0)
            return (frame, try client.isEnded())
        }
        #expect(frame.code == code)
        #expect(reason.hasPrefix(frame.reason) && frame.reason.utf8.count <= 123)
        #expect(reason.utf8.count > 123 || frame.reason == reason)
        #expect(ended)
        #expect(record.all == ["message", "true", "local"])
    }

    @Test func thePeersCodeIsTold() async throws {
        let record = Record()
        let echo = try await withServer(
            .forTests,
            { handler in handler.onOpen = { socket, _ in socket.onClosed = { record.add("\($0)") } } }
        ) { server in
            let client = try TestClient(port: server.port)
            try client.open()
            client.sendClose(4001)
            let echo = try client.frame()
            try eventually("onClosed") { !record.all.isEmpty }
            do {
                let cut = try TestClient(port: server.port)
                try cut.open()
            }
            try eventually("onClosed") { record.all.count == 2 }
            return echo
        }
        #expect(echo.opcode == 8 && echo.code == 4001)
        #expect(record.all == ["peer(code: Optional(4001))", "failed"])
    }

    /// 20 frames to each of several sockets from one buffer, in one write each.
    @Test func manyFramesInOneSharedWrite() async throws {
        let texts = try await withServer(
            .forTests,
            { handler in
                var sockets: [WebSocket] = []
                handler.onOpen = { socket, _ in
                    sockets.append(socket)
                    guard sockets.count == 3 else { return }
                    var run = ByteWriter()
                    for index in 0..<20 {
                        let text = String(repeating: "\(index % 10)", count: index * 40)
                        WebSocket.appendTextFrameHeader(length: text.utf8.count, to: &run)
                        run.append(text)
                    }
                    run.bytes.withUnsafeBytes { bytes in
                        for socket in sockets { socket.write(bytes) }
                    }
                }
            }
        ) { server in
            let clients = try (0..<3).map { _ in
                let client = try TestClient(port: server.port)
                try client.open()
                return client
            }
            return try clients.map { client in try (0..<20).map { _ in try client.frame().text } }
        }
        let expected = (0..<20).map { String(repeating: "\($0 % 10)", count: $0 * 40) }
        #expect(texts == [expected, expected, expected])
    }

    @Test func theHeaderFitsTheLength() {
        for length in [0, 125, 126, 65_535, 65_536, 1 << 20] {
            var writer = ByteWriter()
            WebSocket.appendTextFrameHeader(length: length, to: &writer)
            var expected = TestClient.frame(1, [UInt8](repeating: 0, count: length), isMasked: false)
            expected.removeLast(length)
            #expect(writer.bytes == expected)
        }
    }
}
