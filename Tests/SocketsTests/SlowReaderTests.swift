import Core
import Glibc
import Testing

@testable import Sockets

/// How slowly an answer may be read.
@Suite struct SlowReaderTests {
    /// A reader that goes on reading is served to the end, though it takes longer than any of the deadlines.
    @Test func aSteadyReaderGetsAllOfAnAnswer() async throws {
        let (count, milliseconds) = try await withServer(
            .with {
                $0.idleTimeout = 200
                $0.writeTimeout = 300
                $0.leastRate = 10_000
            },
            { handler in
                handler.onRequest = { _, exchange in
                    exchange.respond(HTTPResponse(status: 200, body: [UInt8](repeating: 120, count: 1_000_000)))
                }
            }
        ) { server in
            let client = try TestClient(port: server.port, receiveBuffer: 4096)
            client.get("/")
            let start = monotonicNanoseconds()
            var count = 0
            var piece = [UInt8](repeating: 0, count: 10_000)
            while count < 1_000_000 {
                usleep(8000)
                let more = read(client.descriptor, &piece, piece.count)
                guard more > 0 else { break }
                count += more
            }
            return (count, (monotonicNanoseconds() - start) / 1_000_000)
        }
        #expect(count > 1_000_000)
        #expect(milliseconds > 800)
    }

    /// One that takes a few bytes now and then is as good as one that takes none.
    @Test func aReaderThatTakesNextToNothingIsCut() async throws {
        let count = try await withServer(
            .with {
                $0.writeTimeout = 200
                $0.leastRate = 1_000_000
            },
            { handler in
                handler.onRequest = { _, exchange in
                    exchange.respond(HTTPResponse(status: 200, body: [UInt8](repeating: 120, count: 4_000_000)))
                }
            }
        ) { server in
            let client = try TestClient(port: server.port, receiveBuffer: 4096)
            client.get("/")
            var count = 0
            var piece = [UInt8](repeating: 0, count: 500)
            while true {
                usleep(5000)
                let more = read(client.descriptor, &piece, piece.count)
                guard more > 0 else { return count }
                count += more
            }
        }
        #expect(count < 1_000_000)
    }
}
