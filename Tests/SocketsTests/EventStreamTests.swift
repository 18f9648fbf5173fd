import Core
import Glibc
import Runtime
import Testing

@testable import Sockets

@Suite struct EventStreamTests {
    private static func write(_ text: String, to stream: EventStream) {
        Array(text.utf8).withUnsafeBytes { stream.write($0) }
    }

    /// To HTTP/1.1 each write is a chunk, and the end is told; HTTP/1.0 gets the bytes as they are.
    @Test(
        arguments: [
            ("HTTP/1.1", "chunked", "9\r\ndata: 1\n\n\r\n9\r\ndata: 2\n\n\r\n0\r\n\r\n"),
            ("HTTP/1.0", nil, "data: 1\n\ndata: 2\n\n"),
        ] as [(String, String?, String)])
    func eachWriteGoesOutAtOnce(_ version: String, _ coding: String?, _ wanted: String) async throws {
        let (head, body, ended) = try await withServer(
            .forTests,
            { handler in
                handler.onRequest = { _, exchange in
                    let stream = exchange.stream(status: 200, headers: [("Content-Type", "text/event-stream")])
                    Self.write("data: 1\n\n", to: stream)
                    handler.after(10) {
                        Self.write("data: 2\n\n", to: stream)
                        stream.close()
                    }
                }
            }
        ) { server in
            let client = try TestClient(port: server.port)
            _ = client.send("GET / \(version)\r\nHost: h\r\n\r\n")
            let head = try client.takeHead()
            let body = String(decoding: try client.take(wanted.utf8.count), as: UTF8.self)
            return (head.headers, body, try client.isEnded())
        }
        #expect(head["content-length"] == nil)
        #expect(head["transfer-encoding"] == coding)
        #expect(head["connection"] == "close")
        #expect(head["content-type"] == "text/event-stream")
        #expect(body == wanted)
        #expect(ended)
    }

    /// A write of nothing must not look like the end; to HEAD goes the head alone.
    @Test func whatWouldEndTheBodyEarly() async throws {
        let record = Record()
        let (body, head) = try await withServer(
            .forTests,
            { handler in
                handler.onRequest = { _, exchange in
                    let stream = exchange.stream(status: 200, headers: [])
                    stream.onClosed = { record.add("closed \($0)") }
                    Self.write("", to: stream)
                    Self.write("a", to: stream)
                    stream.close()
                }
            }
        ) { server in
            let client = try TestClient(port: server.port)
            client.get("/")
            _ = try client.takeHead()
            let body = String(decoding: try client.take(11), as: UTF8.self)
            let other = try TestClient(port: server.port)
            _ = other.send("HEAD / HTTP/1.1\r\nHost: h\r\n\r\n")
            let head = try other.takeHead()
            #expect(try other.isEnded())
            return (body, head.headers)
        }
        #expect(body == "1\r\na\r\n0\r\n\r\n")
        #expect(head["transfer-encoding"] == "chunked")
        #expect(record.all.count == 2)
    }

    /// A slow reader: the stream says that it is backlogged, then that it is not, and nothing is lost or reordered.
    /// The client's own byte in between must not make the loop spin.
    @Test func aSlowReaderDrains() async throws {
        let record = Record()
        let (count, cpu) = try await withServer(
            .forTests,
            { handler in
                handler.onRequest = { _, exchange in
                    let stream = exchange.stream(status: 200, headers: [])
                    var next = 0
                    func fill() {
                        while !stream.isBacklogged && next < 2000 {
                            Self.write(String(repeating: "\(next % 10)", count: 10_000), to: stream)
                            next += 1
                        }
                        record.add(stream.isBacklogged ? "backlogged" : "all written")
                        if next == 2000 && !stream.isBacklogged { stream.close() }
                    }
                    stream.onDrained = fill
                    fill()
                }
            }
        ) { server in
            let client = try TestClient(port: server.port, receiveBuffer: 8192)
            _ = client.send("GET / HTTP/1.0\r\n\r\n")
            try record.wait(for: "backlogged")
            client.send("more")
            let before = server.cpuMilliseconds()
            usleep(300_000)
            let cpu = server.cpuMilliseconds() - before
            _ = try client.takeHead()
            for index in 0..<2000 {
                let piece = try client.take(10_000)
                guard piece.allSatisfy({ $0 == UInt8(48 + index % 10) }) else { return (index, cpu) }
            }
            return (2000, cpu)
        }
        #expect(count == 2000)
        #expect(record.all.last == "all written")
        #expect(cpu < 150)
    }

    @Test func theClientsEndIsTold() async throws {
        let record = Record()
        try await withServer(
            .forTests,
            { handler in
                handler.onRequest = { request, exchange in
                    let stream = exchange.stream(status: 200, headers: [])
                    stream.onClosed = { [unowned stream] in record.add("\(request.path) \($0) \(stream.isClosed)") }
                }
            }
        ) { server in
            do {
                let client = try TestClient(port: server.port)
                client.get("/full")
                _ = try client.takeHead()
            }
            try record.wait(for: "/full peer(code: nil) true")
            let half = try TestClient(port: server.port)
            half.get("/half")
            _ = try half.takeHead()
            half.shutdownWrite()
            try record.wait(for: "/half peer(code: nil) true")
        }
    }

    @Test func closingTellsOnceAndNotFromWithin() async throws {
        let record = Record()
        try await withServer(
            .forTests,
            { handler in
                handler.onRequest = { _, exchange in
                    let stream = exchange.stream(status: 200, headers: [])
                    stream.onClosed = { record.add("closed \($0)") }
                    stream.close()
                    stream.close()
                    Self.write("never", to: stream)
                    record.add("returned")
                }
            }
        ) { server in
            let client = try TestClient(port: server.port)
            client.get("/")
            _ = try client.takeHead()
            _ = try client.isEnded()
        }
        #expect(record.all == ["returned", "closed local"])
    }

    /// A stream behind an answer that is still missing waits for it, as a backlog.
    @Test func aPipelinedStreamWaitsForItsTurn() async throws {
        let record = Record()
        let (first, second) = try await withServer(
            .forTests,
            { handler in
                handler.onRequest = { request, exchange in
                    if request.path == "/slow" {
                        handler.after(20) {
                            exchange.respond(HTTPResponse(status: 200))
                        }
                    } else {
                        let stream = exchange.stream(status: 200, headers: [])
                        record.add("backlogged \(stream.isBacklogged)")
                        stream.onDrained = { [unowned stream] in Self.write("now", to: stream) }
                    }
                }
            }
        ) { server in
            let client = try TestClient(port: server.port)
            client.get("/slow")
            client.get("/stream")
            let first = try client.answer().status
            _ = try client.takeHead()
            return (first, String(decoding: try client.take(8), as: UTF8.self))
        }
        #expect(first == 200)
        #expect(second == "3\r\nnow\r\n")
        #expect(record.all == ["backlogged true"])
    }

    @Test func aStreamOnAClosedExchangeIsClosed() async throws {
        let record = Record()
        try await withServer(
            .forTests,
            { handler in
                handler.onRequest = { _, exchange in
                    let handle = exchange.handle
                    exchange.onClose = {
                        record.add("gone")
                        handle.withExchange { exchange in
                            let stream = exchange.stream(status: 200, headers: [])
                            record.add("\(exchange.isClosed) \(stream.isClosed)")
                            // Kept by its own callback until that is called.
                            stream.onClosed = { record.add("\($0) \(stream.isClosed)") }
                            Self.write("x", to: stream)
                        }
                    }
                }
            }
        ) { server in
            let client = try TestClient(port: server.port)
            client.get("/")
            client.shutdownWrite()
            try record.wait(for: "peer(code: nil) true")
        }
        #expect(record.all == ["gone", "true true", "peer(code: nil) true"])
    }
}
