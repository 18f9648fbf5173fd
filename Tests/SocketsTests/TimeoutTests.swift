import Core
import Glibc
import Runtime
import Testing

@testable import Sockets

/// Deadlines of 200 ms in place of seconds: what is cut, and what is not.
@Suite struct TimeoutTests {
    private static let short = ServerOptions.with {
        $0.headTimeout = 200
        $0.bodyTimeout = 200
        $0.idleTimeout = 200
        $0.lingerTimeout = 200
        $0.writeTimeout = 200
    }

    @Test(arguments: ["GET / HT", "GET / HTTP/1.1\r\nHost: h\r\nA: b", "P"])
    func aSlowHeadGets408(part: String) async throws {
        let (status, ended) = try await withServer(Self.short) { server in
            let client = try TestClient(port: server.port)
            client.send(part)
            return (try client.answer().status, try client.isEnded())
        }
        #expect(status == 408)
        #expect(ended)
    }

    /// Bytes that drip do not prolong it.
    @Test func aDrippingHeadIsCut() async throws {
        let (status, passed) = try await withServer(Self.short) { server in
            let client = try TestClient(port: server.port)
            let start = monotonicNanoseconds()
            for _ in 0..<40 where client.send("GET / HTTP/1.1\r\nA: b\r\n") > 0 { break }
            for _ in 0..<100 {
                usleep(10_000)
                client.send("B: c\r\n")
                if try client.hasInput() { break }
            }
            return (try client.answer().status, monotonicNanoseconds() - start)
        }
        #expect(status == 408)
        #expect(passed < 900_000_000)
    }

    @Test func aSlowBodyGets408() async throws {
        let status = try await withServer(Self.short) { server in
            let client = try TestClient(port: server.port)
            client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nab")
            return try client.answer().status
        }
        #expect(status == 408)
    }

    @Test func anIdleConnectionIsClosedSilently() async throws {
        let (fresh, used) = try await withServer(Self.short) { server in
            let silent = try TestClient(port: server.port)
            let client = try TestClient(port: server.port)
            client.get("/")
            _ = try client.answer()
            return (try silent.isEnded(), try client.isEnded())
        }
        #expect(fresh && used)
    }

    /// The handler may take longer than any of the deadlines.
    @Test func aSlowHandlerIsWaitedFor() async throws {
        let status = try await withServer(
            Self.short,
            { handler in
                handler.onRequest = { _, exchange in
                    handler.after(700) {
                        exchange.respond(HTTPResponse(status: 200))
                    }
                }
            }
        ) { server in
            let client = try TestClient(port: server.port)
            client.get("/")
            return try client.answer().status
        }
        #expect(status == 200)
    }

    /// A client that goes on sending after its refusal, and reads nothing, does not keep the connection.
    @Test func lingeringHasAnEnd() async throws {
        let sent = try await withServer(Self.short) { server in
            let client = try TestClient(port: server.port)
            client.send("BAD\r\n\r\n")
            for round in 0..<200 {
                usleep(10_000)
                if client.send("x") == 0 { return round }
            }
            return 200
        }
        #expect(sent < 150)
    }

    /// A client that takes nothing loses its answer.
    @Test func aStalledReaderIsCut() async throws {
        let record = Record()
        try await withServer(
            Self.short,
            { handler in
                handler.onRequest = { _, exchange in
                    let stream = exchange.stream(status: 200, headers: [])
                    let piece = [UInt8](repeating: 120, count: 1 << 20)
                    stream.onClosed = { record.add("\($0)") }
                    stream.onDrained = { [unowned stream] in
                        while !stream.isBacklogged { piece.withUnsafeBytes(stream.write) }
                    }
                    stream.onDrained?()
                }
            }
        ) { server in
            let client = try TestClient(port: server.port, receiveBuffer: 4096)
            client.get("/")
            try eventually("the end") { !record.all.isEmpty }
        }
        // The kernel's own limit may be the first.
        #expect(record.all == ["stalled"] || record.all == ["peer(code: nil)"] || record.all == ["failed"])
    }
}

extension TestClient {
    /// Is there something to read right now?
    func hasInput() throws -> Bool {
        var poll = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return Glibc.poll(&poll, 1, 0) > 0
    }
}
