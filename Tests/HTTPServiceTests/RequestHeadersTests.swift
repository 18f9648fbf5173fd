import Sockets
import Testing

@testable import HTTPService

@Suite struct RequestHeadersTests {
    private func request(_ headers: [(name: String, value: String)], body: String = "") -> HTTPRequest {
        HTTPRequest("POST", "/", headers: headers, body: Array(body.utf8))!
    }

    private func problem(_ work: () throws(Problem) -> Void) -> Problem? {
        do throws(Problem) {
            try work()
            return nil
        } catch {
            return error
        }
    }

    @Test(arguments: ["Bearer T", "bearer   T", "BEARER T"])
    func aTokenIsShown(_ value: String) throws {
        #expect(try request([("Authorization", value)]).bearerToken() == "T")
        #expect(try request([]).bearerToken() == nil)
    }

    @Test(arguments: ["", "Bearer", "T", "BearerT", "Bearer\tT", "Basic T"])
    func somethingElseIsShown(_ value: String) {
        let found = problem { () throws(Problem) in _ = try request([("Authorization", value)]).bearerToken() }
        #expect(found?.code == .unauthenticated)
    }

    @Test func shownTwice() {
        let twice = request([("Authorization", "Bearer T"), ("authorization", "Bearer T")])
        let found = problem { () throws(Problem) in _ = try twice.bearerToken() }
        #expect(found?.code == .invalidField && found?.field == "Authorization")
    }

    @Test func tags() {
        func has(_ given: String, _ tag: String) -> Bool { request([("If-None-Match", given)]).has(tag: tag) }
        #expect(has("\"x\", W/\"a\"", "\"a\"") && has("\"a\"", "W/\"a\"") && has("*", "\"a\""))
        #expect(
            !has("\"b\"", "\"a\"") && !has("a", "\"a\"") && !has("\"x,\"a\"\"", "\"a\"")
                && !request([]).has(tag: "\"a\""))
    }

    @Test func aBodyThatIsNotWhatItsBytesSay() {
        func found(_ name: String, _ value: String, body: String = "{}") -> Problem? {
            problem { () throws(Problem) in try request([(name, value)], body: body).checkBodyIsPlain() }
        }
        #expect(found("Content-Encoding", "gzip")?.code == .unsupportedMediaType)
        #expect(found("content-encoding", "identity, br")?.field == "Content-Encoding")
        #expect(found("Content-Encoding", "Identity") == nil)
        #expect(found("Content-Encoding", "gzip", body: "") == nil)
        #expect(found("Content-Range", "bytes 0-1/2")?.field == "Content-Range")
    }

    @Test func anUnknownParameterIsNamedHarmlessly() {
        let request = HTTPRequest("GET", "/?a=1&b" + String(repeating: "%CC%81", count: 200) + "=2")!
        let found = problem { () throws(Problem) in try request.checkParameters(["a", "b"]) }
        #expect(found?.code == .unknownParameter && found!.field!.utf8.count < 20)
    }
}
