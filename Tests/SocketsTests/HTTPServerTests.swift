import Core
import Runtime
import TestSupport
import Testing

@testable import Sockets

@Suite struct HTTPServerTests {
    typealias Answer = TestClient.Answer

    @Test func answersAndKeepsTheConnection() async throws {
        let answers = try await withServer { server in
            let client = try TestClient(port: server.port)
            client.get("/a?b=c")
            let first = try client.answer()
            client.send("POST /p HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nab")
            return [first, try client.answer()]
        }
        #expect(answers.map(\.text) == ["GET /a?b=c", "POST /p"])
        #expect(answers[0].status == 200)
        #expect(answers[0].headers["connection"] == nil)
        #expect(answers[0].headers["date"]?.hasSuffix(" GMT") == true)
    }

    /// 50 requests in one write, answered by timers in another order: the answers come in the order of the requests.
    @Test func pipelinedAnswersComeInOrder() async throws {
        let bodies = try await withServer(
            .forTests,
            { handler in
                var waiting: [(String, HTTPExchange)] = []
                var random = Seeded(7)
                handler.onRequest = { request, exchange in
                    waiting.append((request.path, exchange))
                    guard waiting.count == 50 else { return }
                    waiting.shuffle(using: &random)
                    for (place, (path, exchange)) in waiting.enumerated() {
                        handler.after(place / 3) {
                            exchange.respond(HTTPResponse(status: 200, body: Array(path.utf8)))
                        }
                    }
                }
            }
        ) { server in
            let client = try TestClient(port: server.port)
            client.send((0..<50).map { "GET /\($0) HTTP/1.1\r\nHost: h\r\n\r\n" }.joined())
            return try (0..<50).map { _ in try client.answer().text }
        }
        #expect(bodies == (0..<50).map { "/\($0)" })
    }

    /// More than are worked on at once, more than fits the buffer: reading stops and goes on, and nothing is lost.
    @Test func aLongPipelineIsHeldBack() async throws {
        let options = ServerOptions.with {
            $0.maxPipelined = 4
            $0.maxBuffered = 8192
        }
        let (bodies, most) = try await withServer(
            options,
            { handler in
                var open = 0
                var most = 0
                handler.onRequest = { request, exchange in
                    open += 1
                    most = max(most, open)
                    handler.after(1) {
                        open -= 1
                        exchange.respond(HTTPResponse(status: 200, body: Array("\(most)".utf8)))
                    }
                }
            }
        ) { server in
            let client = try TestClient(port: server.port)
            let filler = String(repeating: "x", count: 900)
            client.send((0..<100).map { "GET /\($0) HTTP/1.1\r\nHost: h\r\nX: \(filler)\r\n\r\n" }.joined())
            let bodies = try (0..<100).map { _ in try client.answer().text }
            return (bodies.count, Int(bodies[99])!)
        }
        #expect(bodies == 100)
        #expect(most == 4)
    }

    @Test func headHasALengthAndNoBody() async throws {
        let (head, next) = try await withServer { server in
            let client = try TestClient(port: server.port)
            client.send("HEAD /x HTTP/1.1\r\nHost: h\r\n\r\nGET /y HTTP/1.1\r\nHost: h\r\n\r\n")
            return (try client.answer(toHead: true), try client.answer())
        }
        #expect(head.headers["content-length"] == "7")
        #expect(next.text == "GET /y")
    }

    @Test func statusesWithoutBodyHaveNoLength() async throws {
        let (first, second) = try await withServer(
            .forTests,
            { handler in
                handler.onRequest = { request, exchange in
                    exchange.respond(HTTPResponse(status: request.path == "/a" ? 204 : 304, body: [1, 2, 3]))
                }
            }
        ) { server in
            let client = try TestClient(port: server.port)
            client.get("/a")
            client.get("/b")
            return (try client.answer(), try client.answer())
        }
        #expect(first.headers["content-length"] == nil && first.status == 204)
        #expect(second.headers["content-length"] == nil && second.status == 304)
    }

    @Test func theBodyIsAskedFor() async throws {
        let statuses = try await withServer { server in
            let client = try TestClient(port: server.port)
            client.send("PUT /x HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n")
            let interim = try client.answer().status
            client.send("abc")
            return [interim, try client.answer().status]
        }
        #expect(statuses == [100, 200])
    }

    @Test func aBodyTooLargeIsNotAskedFor() async throws {
        let answer = try await withServer { server in
            let client = try TestClient(port: server.port)
            client.send("PUT /x HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 300000\r\n\r\n")
            return try client.answer()
        }
        #expect(answer.status == 413)
    }

    /// The client sends all of its 5 MB before it reads: the answer is there, not a reset.
    @Test func aRefusedBodyCanBeSentToItsEnd() async throws {
        let (answer, sent, reset) = try await withServer { server in
            let client = try TestClient(port: server.port)
            client.send("POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: 5000000\r\n\r\n")
            let sent = client.send([UInt8](repeating: 120, count: 5_000_000))
            let answer = try client.answer()
            _ = try client.isEnded()
            return (answer, sent, client.sawReset)
        }
        #expect(answer.status == 413)
        #expect(answer.headers["x-kind"] == "bodyTooLarge")
        #expect(answer.headers["connection"] == "close")
        #expect(sent == 5_000_000)
        #expect(!reset)
    }

    @Test func aBadRequestIsAnsweredAfterTheGoodOnesBeforeIt() async throws {
        let (answers, ended) = try await withServer(
            .forTests,
            { handler in
                handler.onRequest = { _, exchange in
                    handler.after(20) { exchange.respond(HTTPResponse(status: 200)) }
                }
            }
        ) { server in
            let client = try TestClient(port: server.port)
            client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\nGET / HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n")
            return ([try client.answer(), try client.answer()], try client.isEnded())
        }
        #expect(answers.map(\.status) == [200, 400])
        #expect(ended)
    }

    @Test(arguments: ["GET / HTTP/1.0\r\n\r\n", "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"])
    func closesWhenAskedTo(request: String) async throws {
        let (answer, ended) = try await withServer { server in
            let client = try TestClient(port: server.port)
            client.send(request + "GET /never HTTP/1.1\r\nHost: h\r\n\r\n")
            return (try client.answer(), try client.isEnded())
        }
        #expect(answer.status == 200)
        #expect(answer.headers["connection"] == "close")
        #expect(ended)
    }

    @Test func http2IsCutOff() async throws {
        let ended = try await withServer { server in
            let client = try TestClient(port: server.port)
            client.send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
            return try client.isEnded()
        }
        #expect(ended)
    }

    /// A client that sends, ends its side and waits.
    @Test(arguments: [0, 30]) func aHalfClosedClientGetsItsAnswers(delay: Int) async throws {
        let (bodies, ended) = try await withServer(
            .forTests,
            { handler in
                handler.onRequest = { request, exchange in
                    let response = HTTPResponse(status: 200, body: Array(request.path.utf8))
                    guard delay > 0 else { return exchange.respond(response) }
                    handler.after(delay) { exchange.respond(response) }
                }
            }
        ) { server in
            let client = try TestClient(port: server.port)
            client.get("/a")
            client.get("/b")
            client.shutdownWrite()
            return ([try client.answer().text, try client.answer().text], try client.isEnded())
        }
        #expect(bodies == ["/a", "/b"])
        #expect(ended)
    }

    @Test func aHandlerThatCaresIsToldOfTheEnd() async throws {
        let record = Record()
        try await withServer(
            .forTests,
            { handler in
                handler.onRequest = { request, exchange in
                    exchange.onClose = { [unowned exchange] in
                        record.add("\(request.path) \(exchange.isClosed)")
                        if request.path == "/last-word" { exchange.respond(HTTPResponse(status: 200)) }
                    }
                }
            }
        ) { server in
            let gone = try TestClient(port: server.port)
            gone.get("/gone")
            gone.shutdownWrite()
            try record.wait(for: "/gone false")
            _ = try gone.isEnded()
            let last = try TestClient(port: server.port)
            last.get("/last-word")
            last.shutdownWrite()
            _ = try last.answer()
        }
        #expect(record.all == ["/gone false", "/last-word false"])
    }

    @Test func tasksAnswerByHandles() async throws {
        let statuses = try await withServer(
            .forTests,
            { handler in
                handler.onRequest = { request, exchange in
                    let handle = exchange.handle
                    let path = request.path
                    Task {
                        if path == "/forgotten" { return }
                        handle.respond(HTTPResponse(status: 200))
                        handle.respond(HTTPResponse(status: 500))
                    }
                }
            }
        ) { server in
            let client = try TestClient(port: server.port)
            client.get("/")
            client.get("/forgotten")
            client.get("/")
            return try (0..<3).map { _ in try client.answer().status }
        }
        #expect(statuses == [200, 500, 200])
    }

    @Test func largeAnswersArriveWholeAtASlowReader() async throws {
        let pattern = (0..<251).map { UInt8($0) }
        var body: [UInt8] = []
        for _ in 0..<8000 { body += pattern }
        let whole = body
        let same = try await withServer(
            .forTests,
            { handler in
                handler.onRequest = { _, exchange in exchange.respond(HTTPResponse(status: 200, body: whole)) }
            }
        ) { server in
            let client = try TestClient(port: server.port, receiveBuffer: 16_384)
            client.get("/")
            client.get("/")
            let first = try client.answer()
            let second = try client.answer()
            return first.body == whole && second.body == whole
        }
        #expect(same)
    }
}
