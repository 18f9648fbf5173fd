import Core
import HTTPClient
import Synchronization
import Testing

@testable import Tail

/// A tail against a server that does what the test says.
@Suite(.serialized, .timeLimit(.minutes(1))) struct TailSessionTests {
    final class Recorder: Output {
        var text = ""
        var notices: [String] = []
        /// Called with all that is shown, posts and notices.
        var onText: (String) -> Void = { _ in }
        let isClosed = false

        func write(_ text: String) throws(TailEnd) {
            self.text += text
            onText(text)
        }

        func notice(_ text: String) {
            notices.append(text)
            onText(text)
        }
    }

    struct Result {
        let end: TailEnd
        /// The texts of posts shown, in order.
        let shown: [String]
        let output: String
        let notices: [String]
        let requests: [ScriptedServer.Request]
    }

    /// - Parameters:
    ///   - last: what is shown when the tail is interrupted.
    ///   - handler: gets each request; the number is 0, or that of the stream from 1.
    static func run(
        until last: String = "", account: Bool = false, silence: Int = 10_000, json: Bool = false, posts: Int = 10,
        since: String? = nil, channel: String? = nil,
        _ handler: @escaping @Sendable (ScriptedServer.Request, ScriptedServer.Connection, Int) -> Void
    ) throws -> Result {
        let interrupt = Interrupt()
        let streams = Counter()
        let server = ScriptedServer { request, _, connection in
            let number = request.target.hasPrefix("/v1/live/sse") ? streams.next() : 0
            handler(request, connection, number)
        }
        defer { server.stop() }
        let options = TailOptions(
            url: server.url, token: account ? nil : "T1", handle: account ? "alice" : nil,
            password: account ? "secret" : nil, posts: posts, since: since, channel: channel)
        var timing = TailSession.Timing()
        timing.random = { _ in 0 }
        timing.silence = silence
        let output = Recorder()
        output.onText = { if !last.isEmpty, $0.contains(last) { interrupt.fire() } }
        let session = try TailSession(
            options, renderer: json ? JSONLines() : PlainLines(), output: output, interrupt: interrupt, timing: timing,
            notice: output.notice)
        do {
            try session.run()
        } catch {
            let shown = output.text.split(separator: "\n").compactMap {
                $0.split(separator: ": ").last.map(String.init)
            }
            return Result(
                end: error, shown: shown, output: output.text, notices: output.notices, requests: server.requests)
        }
    }

    static func page(_ posts: [Int], live: String, next: String? = nil) -> String {
        let items = posts.map { samplePost($0, "p\($0)") }.joined(separator: ",")
        return "{\"items\":[\(items)]\(next.map { ",\"next\":\"\($0)\"" } ?? ""),\"live\":\"\(live)\"}"
    }

    static func created(_ number: Int, id: String) -> String {
        "id: \(id)\nevent: post.created\ndata: {\"type\":\"post.created\",\"post\":\(samplePost(number, "p\(number)"))}\n\n"
    }

    static func verdict(_ name: String, id: String, data: String = "{}") -> String {
        "retry: 1\nid: \(id)\nevent: \(name)\ndata: \(data)\n\n"
    }

    /// The handle is looked up once; the list is read when the stream is live, so that nothing falls between.
    @Test func aChannelOfAUser() throws {
        let result = try Self.run(until: "p5", channel: "user:@ada") { request, connection, stream in
            switch (request.target.split(separator: "?")[0], stream) {
            case ("/v1/users/@ada", _): connection.respond(200, #"{"id":"77","handle":"ada"}"#)
            case ("/v1/users/77/posts", _):
                let items = [3, 2, 1].map { samplePost($0, "p\($0)") }.joined(separator: ",")
                connection.respond(200, "{\"items\":[\(items)]}")
            case (_, 1):
                let data = #"{"channel":"user:77"}"#
                connection.stream(
                    Self.verdict("live", id: "P1", data: data), Self.created(3, id: "P2"), Self.created(4, id: "P3"))
            default:
                connection.stream(
                    Self.verdict("resumed", id: "P3", data: #"{"channel":"user:77","missed":1}"#),
                    Self.created(5, id: "P4"))
                connection.waitForClose()
            }
        }
        #expect(result.end == .interrupted && result.shown == ["p1", "p2", "p3", "p4", "p5"])
        #expect(
            result.requests.map(\.line) == [
                "GET /v1/users/@ada", "GET /v1/live/sse?channels=user%3a77", "GET /v1/users/77/posts?limit=10",
                "GET /v1/live/sse?channels=user%3a77",
            ])
    }

    @Test func aChannelOfAPostUntilItsEnd() throws {
        let result = try Self.run(channel: "post:1") { request, connection, stream in
            guard stream > 0 else { return connection.respond(200, samplePost(1, "p1")) }
            connection.stream(
                Self.verdict("live", id: "P1"),
                "event: unsubscribed\ndata: {\"channel\":\"post:1\",\"code\":2000,\"reason\":\"server unsubscribe\"}\n\n"
            )
            connection.waitForClose()
        }
        #expect(result.end == .failed("post:1 is not there any more", code: TailExit.network))
        #expect(result.shown == ["p1"])
    }

    @Test(arguments: [
        "user:", "user:@", "user:a/b", "post:1?x", "feed:1", "user:@a b", "user:\(String(repeating: "1", count: 31))",
    ])
    func whatIsNoChannel(_ name: String) { #expect(!TailOptions.isChannel(name)) }

    @Test func resumesWhereItWas() throws {
        let result = try Self.run(until: "p4") { request, connection, stream in
            switch (request.target.split(separator: "?")[0], stream) {
            case ("/v1/feed", _): connection.respond(200, Self.page([2, 1], live: "L/1", next: "N"))
            case (_, 1):
                connection.stream(Self.verdict("resumed", id: "P1"), Self.created(3, id: "P2"))
                // Not whole: it comes again.
                connection.write("id: P3\nevent: post.created\ndata: {")
            case (_, 2): connection.problem(503, "overloaded")
            default:
                connection.stream(
                    Self.verdict("resumed", id: "P2", data: #"{"missed":2}"#), Self.created(3, id: "P2"),
                    Self.created(4, id: "P3"))
                connection.waitForClose()
            }
        }
        #expect(result.end == .interrupted)
        #expect(result.shown == ["p1", "p2", "p3", "p4"])
        let lines = result.requests.map(\.line)
        #expect(
            lines == [
                "GET /v1/feed?limit=10", "GET /v1/live/sse?since=L%2f1", "GET /v1/live/sse", "GET /v1/live/sse",
            ])
        #expect(result.requests.dropFirst(2).allSatisfy { $0.headers["last-event-id"] == "P2" })
        #expect(result.requests.allSatisfy { $0.headers["authorization"] == "Bearer T1" })
        #expect(result.notices.count == 4 && result.notices.last == "live again, 2 missed")
    }

    @Test func beginsBehindAPosition() throws {
        let result = try Self.run(until: "deleted", since: "L/1") { request, connection, stream in
            switch (request.target, stream) {
            case ("/v1/live/sse?since=L%2f1", _):
                connection.stream(Self.verdict("resumed", id: "P1"), Self.created(5, id: "P2"))
            case (_, 2):
                connection.stream(Self.verdict("reset", id: "P9"))
                connection.write(
                    "id: P10\nevent: post.deleted\ndata: {\"type\":\"post.deleted\",\"post_id\":\"7\"}\n\n")
                connection.waitForClose()
            // What is older than the first that was shown was never asked for.
            default: connection.respond(200, Self.page([7, 6, 5, 4, 3], live: "L/2", next: "N"))
            }
        }
        #expect(result.shown.prefix(3) == ["p5", "p6", "p7"])
        #expect(result.requests.first?.line == "GET /v1/live/sse?since=L%2f1")
    }

    @Test func aPositionThatCanNotBeUsedIsTold() throws {
        let result = try Self.run(until: "p1", since: "X") { request, connection, stream in
            guard stream > 0 else { return connection.respond(200, Self.page([1], live: "L/1")) }
            connection.stream(Self.verdict("reset", id: "P1"))
            connection.waitForClose()
        }
        #expect(result.shown == ["p1"])
        #expect(result.notices.first?.contains("can't use the position") == true)
    }

    @Test func withoutPostsItBeginsBehindTheNewest() throws {
        let result = try Self.run(until: "p3", posts: 0) { request, connection, stream in
            guard stream > 0 else { return connection.respond(200, Self.page([2], live: "L/1", next: "N")) }
            connection.stream(Self.verdict("resumed", id: "P1"), Self.created(3, id: "P2"))
            connection.waitForClose()
        }
        #expect(result.shown == ["p3"])
        #expect(result.requests.map(\.target) == ["/v1/feed?limit=1", "/v1/live/sse?since=L%2f1"])
    }

    @Test func resetReadsTheFeedAgain() throws {
        let result = try Self.run(until: "deleted") { request, connection, stream in
            switch (request.target, stream) {
            case ("/v1/feed?limit=10", _): connection.respond(200, Self.page([12, 11], live: "L1", next: "N"))
            case ("/v1/feed?limit=100", _): connection.respond(200, Self.page([16, 15], live: "L2", next: "N2"))
            case ("/v1/feed?limit=100&cursor=N2", _):
                // 9 and 10 were left out at the beginning.
                connection.respond(200, Self.page([14, 12, 11, 10, 9], live: "L3"))
            case (_, 1): connection.stream(Self.verdict("live", id: "P1"))
            default:
                connection.stream(
                    Self.verdict("reset", id: "R1", data: #"{"feed":"/v1/feed"}"#), Self.created(16, id: "R2"),
                    Self.created(17, id: "R3"),
                    "id: R4\nevent: post.deleted\ndata: {\"type\":\"post.deleted\",\"post_id\":\"17\"}\n\n",
                    "id: R4\nevent: post.deleted\ndata: {\"type\":\"post.deleted\",\"post_id\":\"17\"}\n\n",
                    Self.created(17, id: "R5"))
                connection.waitForClose()
            }
        }
        let deletion = "17 @alice deleted the post of 2026-11-21T10:00:17.000Z"
        #expect(result.shown.dropLast() == ["p11", "p12", "p14", "p15", "p16", "p17"])
        #expect(result.shown.last!.hasSuffix(deletion.dropFirst(2)))
        #expect(result.notices.last == "too much was missed: the feed is read again")
    }

    @Test func jsonLinesAreTheEvents() throws {
        let result = try Self.run(until: "77", json: true) { request, connection, stream in
            guard stream > 0 else { return connection.respond(200, Self.page([1], live: "L1")) }
            connection.stream(
                Self.verdict("live", id: "P1"), Self.created(2, id: "P2"),
                "event: later.thing\ndata: {\"type\":\"later.thing\", \"x\": [1.5]}\n\n", "event: bad\ndata: {\n\n",
                "event: post.deleted\ndata: {\"type\":\"post.deleted\",\"post_id\":\"77\"}\n\n")
            connection.waitForClose()
        }
        let lines = result.output.split(separator: "\n").map(String.init)
        #expect(
            lines == [
                "{\"type\":\"post.created\",\"post\":\(samplePost(1, "p1"))}",
                "{\"type\":\"post.created\",\"post\":\(samplePost(2, "p2"))}",
                #"{"type":"later.thing", "x": [1.5]}"#, #"{"type":"post.deleted","post_id":"77"}"#,
            ])
    }

    @Test func aPositionThatIsNotKnownBeginsAnew() throws {
        let result = try Self.run(until: "p3") { request, connection, stream in
            switch stream {
            case 0: connection.respond(200, Self.page([2, 1], live: "L1"))
            case 1: connection.problem(400, "invalid_cursor")
            default:
                connection.stream(Self.verdict("live", id: "P1"), Self.created(3, id: "P2"))
                connection.waitForClose()
            }
        }
        #expect(result.shown == ["p1", "p2", "p3"])
    }

    @Test func silenceIsADeadLink() throws {
        let result = try Self.run(until: "silent", silence: 100) { request, connection, stream in
            guard stream > 0 else { return connection.respond(200, Self.page([], live: "L1")) }
            connection.stream(Self.verdict("live", id: "P1"))
            connection.waitForClose()
        }
        #expect(result.requests.count == 2)
        #expect(result.notices.last == "the server has gone silent: again in 1 s")
    }
}

/// Numbers the streams from 1.
private final class Counter: Sendable {
    private let count = Atomic<Int>(0)

    func next() -> Int { count.add(1, ordering: .relaxed).newValue }
}
