import Core
import HTTPService
import Sockets
import Testing

@testable import Realtime

@Suite struct StreamRefusalTests {
    typealias Headers = [(name: String, value: String)]

    private func response(_ code: ErrorCode, _ method: String, _ headers: Headers) -> HTTPResponse {
        let request = HTTPRequest(method, "/v1/live/sse", headers: headers)!
        return StreamRefusal.response(Problem(code, "wait", retryAfter: 3), to: request, "id")
    }

    /// Only a browser's own client takes 200 for what it is.
    @Test(arguments: [ErrorCode.rateLimited, .overloaded]) func anEventSourceIsToldToWait(code: ErrorCode) {
        let answer = response(code, "GET", [(name: "Accept", value: "text/event-stream")])
        let lines = String(decoding: answer.body, as: UTF8.self).split(separator: "\n")
        #expect(answer.status == 200 && lines.count == 2 && lines[0].hasPrefix(":"))
        #expect(answer.headers.contains { $0 == ("Content-Type", "text/event-stream") })
        #expect((3000...4000).contains(Int(lines[1].dropFirst("retry: ".count)) ?? 0))
    }

    @Test(arguments: [
        (ErrorCode.rateLimited, "GET", [(name: "Authorization", value: "Bearer x")], 429),
        (.rateLimited, "HEAD", [], 429),
        (.unauthenticated, "GET", [], 401), (.overloaded, "GET", [(name: "Authorization", value: "Bearer x")], 503),
    ])
    func othersGetTheStatus(_ one: (code: ErrorCode, method: String, headers: Headers, status: Int)) {
        let answer = response(one.code, one.method, one.headers)
        #expect(answer.status == one.status)
        #expect(answer.headers.contains { $0 == ("Content-Type", Problem.contentType) })
    }
}
