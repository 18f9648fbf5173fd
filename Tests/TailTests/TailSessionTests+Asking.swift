import Core
import HTTPClient
import Synchronization
import Testing

@testable import Tail

/// Who asks, and what answers that is no Martlet.
extension TailSessionTests {
    // MARK: Who asks

    @Test func aTokenThatIsOverEndsIt() throws {
        let result = try Self.run { _, connection, _ in connection.problem(401, "token_expired") }
        #expect(
            result.end
                == .failed("the server does not take the access token (any more): token_expired it is", code: 2))
        #expect(result.requests.count == 1)
    }

    /// Logs in, renews before the end and when the server does not take the token, and logs out.
    @Test func aSessionOfItsOwn() throws {
        let result = try Self.run(until: "p2", account: true) { request, connection, stream in
            let token = request.headers["authorization"] ?? ""
            switch (request.target.split(separator: "?")[0], stream) {
            case ("/v1/auth/login", _): connection.respond(200, Self.session("A1", "R1", 1))
            case ("/v1/auth/refresh", _):
                let isFirst = request.body == #"{"refresh_token":"R1"}"#
                connection.respond(200, isFirst ? Self.session("A2", "R2", 900) : Self.session("A3", "R3", 900))
            case ("/v1/auth/logout", _): connection.respond(204, "")
            case ("/v1/feed", _): connection.respond(200, Self.page([], live: "L1"))
            case (_, 1):
                connection.stream(Self.verdict("live", id: "P1"), Self.created(1, id: token))
                connection.waitForClose()
            case (_, 2): connection.problem(401, "token_expired")
            default:
                connection.stream(Self.verdict("live", id: "P2"), Self.created(2, id: "P3"))
                connection.waitForClose()
            }
        }
        #expect(result.end == .interrupted && result.shown == ["p1", "p2"])
        let calls = result.requests.map { "\($0.target.split(separator: "?")[0]) \($0.headers["authorization"] ?? "")" }
        #expect(
            calls == [
                "/v1/auth/login ", "/v1/feed Bearer A1", "/v1/live/sse Bearer A1", "/v1/auth/refresh ",
                "/v1/live/sse Bearer A2", "/v1/auth/refresh ", "/v1/live/sse Bearer A3", "/v1/auth/logout ",
            ])
        let keys = result.requests.filter { $0.target == "/v1/auth/refresh" }.map { $0.headers["idempotency-key"] }
        #expect(keys.count == 2 && keys[0] != nil && keys[0] != keys[1])
        #expect(result.requests.last?.body == #"{"refresh_token":"R3"}"#)
        // A change of tokens is no news.
        #expect(result.notices.count == 1)
    }

    private static func session(_ access: String, _ refresh: String, _ seconds: Int) -> String {
        #"{"access_token":"\#(access)","refresh_token":"\#(refresh)","expires_in":\#(seconds),"token_type":"Bearer"}"#
    }

    @Test func aWrongPasswordEndsIt() throws {
        let result = try Self.run(account: true) { _, connection, _ in connection.problem(401, "invalid_credentials")
        }
        #expect(result.end == .failed("@alice: invalid_credentials it is", code: 2))
    }

    // MARK: What is no Martlet

    @Test func redirectsAreNotFollowed() throws {
        let result = try Self.run { _, connection, _ in
            connection.respond(302, "", headers: ["Location: http://127.0.0.1:1/"])
        }
        guard case .failed(let message, 1) = result.end else { return #expect(Bool(false), "\(result.end)") }
        #expect(message.hasSuffix("the server answers 302 and names http://127.0.0.1:1/"))
        #expect(result.requests.count == 1)
    }

    @Test func aServerThatIsNotThereEndsItInTheEnd() throws {
        let server = ScriptedServer { _, _, _ in }
        let url = server.url
        server.stop()
        var timing = TailSession.Timing()
        timing.random = { _ in 0 }
        var notices = 0
        let session = try TailSession(
            TailOptions(url: url, token: "T"), renderer: PlainLines(), output: Recorder(), interrupt: Interrupt(),
            timing: timing, notice: { _ in notices += 1 })
        do {
            try session.run()
        } catch {
            guard case .failed(_, TailExit.network) = error else { return #expect(Bool(false), "\(error)") }
        }
        #expect(notices == 4)
    }

    @Test(arguments: [
        TailOptions(url: "ftp://x", token: "t"), TailOptions(url: "http://", token: "t"),
        TailOptions(url: "http://x/?a", token: "t"), TailOptions(url: "http://x\r\nA: b", token: "t"),
        TailOptions(url: "http://x"), TailOptions(url: "http://x", handle: "a"),
        TailOptions(url: "http://x", token: "t", handle: "a", password: "p"),
        TailOptions(url: "http://x", token: "t\r\nEvil: 1"),
    ]) func optionsThatCannotBe(_ options: TailOptions) {
        #expect(throws: TailEnd.self) {
            try TailSession(
                options, renderer: PlainLines(), output: Recorder(), interrupt: Interrupt(), notice: { _ in })
        }
    }
}
