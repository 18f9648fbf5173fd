import Testing

@testable import Sockets

@Suite struct FrameLimitTests {
    /// Whatever their kind; messages that came before are delivered.
    @Test(arguments: [(9, true), (10, true), (0, false)] as [(UInt8, Bool)])
    func framesHaveALimit(opcode: UInt8, isFinal: Bool) async throws {
        let record = Record()
        let frames = try await withServer(
            .forTests,
            { handler in
                handler.onOpen = { socket, _ in
                    socket.frameLimit = FrameLimit(burst: 5, code: 4000, reason: "enough")
                    socket.onMessage = { [unowned socket] payload, _ in
                        record.add(String(decoding: payload, as: UTF8.self))
                        // Full again: five more.
                        socket.frameLimit = FrameLimit(burst: 5, code: 4001, reason: "really")
                    }
                    socket.onClosed = { record.add("\($0)") }
                }
            }
        ) { server in
            let client = try TestClient(port: server.port)
            try client.open()
            let one = TestClient.frame(opcode, [], isFinal: isFinal)
            let ping = TestClient.frame(9, [1])
            client.send(
                TestClient.frame(1, Array("a".utf8), isFinal: false) + one + one + ping + TestClient.frame(0, []))
            client.send(TestClient.frame(1, [], isFinal: false) + one + one + one + ping + one + one)
            return try Array(untilCloseOf: client)
        }
        #expect(frames.filter { $0.payload == [1] }.count == 2)
        #expect(frames.last?.code == 4001 && frames.last?.reason == "really")
        try record.wait(for: "local")
        #expect(record.all == ["a", "local"])
    }

    /// Who is closing is not read for long, either.
    @Test func aFloodBehindACloseEndsTheConnection() async throws {
        try await withServer(
            .forTests,
            { handler in
                handler.onOpen = { socket, _ in
                    socket.frameLimit = FrameLimit(burst: 100, code: 4000, reason: "enough")
                    socket.onMessage = { [unowned socket] _, _ in socket.close(code: 4001, reason: "") }
                }
            }
        ) { server in
            let client = try TestClient(port: server.port)
            try client.open()
            client.sendText("a")
            guard try client.frame().code == 4001 else { throw NeverHappened(description: "4001") }
            client.send((0..<100).flatMap { _ in TestClient.frame(10, []) })
            guard try client.isEnded() else { throw NeverHappened(description: "the end") }
        }
    }

    @Test func anAllowanceOfFramesFillsUpAgain() {
        var allowance = FrameAllowance(FrameLimit(burst: 10, interval: 20, code: 4000, reason: ""), now: 1000)
        #expect(allowance.fill(10, now: 1019) == 10)
        #expect(allowance.fill(0, now: 1019) == 0)
        // What is left of an interval counts for the next one.
        #expect(allowance.fill(0, now: 1050) == 2)
        #expect(allowance.fill(2, now: 1059) == 2)
        #expect(allowance.fill(2, now: 1060) == 3)
        #expect(allowance.fill(3, now: 9000) == 10)
        var fixed = FrameAllowance(FrameLimit(burst: 10, code: 4000, reason: ""), now: 0)
        #expect(fixed.fill(3, now: 1_000_000) == 3)
    }
}

extension [TestClient.Frame] {
    /// All frames up to the Close frame.
    fileprivate init(untilCloseOf client: TestClient) throws {
        self = []
        repeat { append(try client.frame()) } while last?.opcode != 8
    }
}
