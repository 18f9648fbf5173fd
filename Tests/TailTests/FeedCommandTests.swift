import Core
import Glibc
import HTTPClient
import Testing

@testable import Tail

/// One command against a server that does what the test says.
@Suite(.serialized, .timeLimit(.minutes(1))) struct FeedCommandTests {
    private struct Result {
        let end: TailEnd?
        let output: String
        let requests: [ScriptedServer.Request]
    }

    private static func run(
        _ command: FeedCommand, json: Bool = false, input: String = "",
        _ handler: @escaping @Sendable (ScriptedServer.Request, Int, ScriptedServer.Connection) -> Void
    ) throws -> Result {
        let server = ScriptedServer(handler)
        defer { server.stop() }
        var ends: [Int32] = [0, 0]
        try #require(pipe(&ends) == 0)
        let bytes = Array(input.utf8)
        #expect(write(ends[1], bytes, bytes.count) == bytes.count)
        close(ends[1])
        defer { close(ends[0]) }
        let (interrupt, output) = (Interrupt(), TailSessionTests.Recorder())
        let options = TailOptions(url: server.url, token: "T1", json: json)
        let run = try FeedCommandRun(
            options, renderer: json ? JSONLines() : PlainLines(), output: output,
            input: StandardInput(descriptor: ends[0], interrupt: interrupt), interrupt: interrupt)
        do {
            try run.run(command)
            return Result(end: nil, output: output.text, requests: server.requests)
        } catch {
            return Result(end: error, output: output.text, requests: server.requests)
        }
    }

    /// Or else it might be posted twice.
    @Test func aWriteIsRepeatedWithItsKey() throws {
        let result = try Self.run(.post(nil), input: "say \"hi\"\n") { request, number, connection in
            if number == 0 { return connection.respond(503, "{}", headers: ["Retry-After: 1"]) }
            if number == 1 { return }
            connection.respond(201, samplePost(1, "hi"))
        }
        #expect(result.end == nil && result.output.hasSuffix(": hi\n") && result.requests.count == 3)
        #expect(result.requests.allSatisfy { $0.body == #"{"text":"say \"hi\"\n"}"# })
        #expect(Set(result.requests.map { $0.headers["idempotency-key"] }).count == 1)
        #expect(result.requests[0].headers["idempotency-key"] != nil)
    }

    @Test func itGivesUp() throws {
        let result = try Self.run(.feed) { _, _, connection in connection.problem(503, "overloaded") }
        #expect(result.end == .failed("overloaded it is", code: 1) && result.requests.count == 3)
        let late = try Self.run(.feed) { _, _, connection in
            connection.respond(429, "{}", headers: ["Retry-After: 60"])
        }
        #expect(late.requests.count == 1, "nobody waits for a minute")
    }

    @Test func aTokenThatIsOver() throws {
        let result = try Self.run(.follow("ann")) { _, _, connection in connection.problem(401, "token_expired") }
        #expect(
            result.end
                == .failed("the server does not take the access token (any more): token_expired it is", code: 2))
        #expect(result.requests.count == 1)
    }

    @Test func whatIsNoMartlet() throws {
        for body in ["", "{}", "[]", #"{"id":"x/../y"}"#, #"{"items":[{}]}"#] {
            for command in [FeedCommand.follow("ann"), .requests, .feed, .post("x")] {
                let result = try Self.run(command) { _, _, connection in connection.respond(200, body) }
                if command == .feed && body.contains("items") { continue }
                #expect(
                    result.end == .failed("the server does not answer as Martlet would", code: 1), "\(command) \(body)")
            }
        }
    }

    /// Names are others': nothing of them reaches the terminal as it is.
    @Test func requestsAreShownHarmlessly() throws {
        let asker = #"{"id":"7","handle":"ann","display_name":"A\u001b[2Jn\u202en"}"#
        let first = #"{"items":[{"user":\#(asker),"created_at":"2026-11-21T10:00:00.000Z"}],"next":"c&1"}"#
        for json in [false, true] {
            let result = try Self.run(.requests, json: json) { request, _, connection in
                connection.respond(200, request.target.contains("cursor=c%261") ? #"{"items":[]}"# : first)
            }
            #expect(result.end == nil && result.requests.count == 2)
            #expect(!result.output.unicodeScalars.contains { $0 == "\u{1b}" || $0 == "\u{202e}" })
            #expect(result.output.contains("ann") && result.output.split(separator: "\n").count == 1)
        }
    }
}
