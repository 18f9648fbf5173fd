import Core
import HTTPService
import Live
import Sockets

/// What a request for an event stream gets that is not let in.
enum StreamRefusal {
    /// A browser's EventSource gives up for good on any status but 200, and waits as long as a stream tells it. So where
    /// waiting helps, as when this process goes down, it gets a stream that says no more than that; with its `Last-Event-ID` it
    /// will miss nothing.
    @Sendable static func response(_ problem: Problem, to request: HTTPRequest, _ requestID: String) -> HTTPResponse {
        guard [.rateLimited, .overloaded].contains(problem.code), isEventSource(request) else {
            return Response.problem(problem, requestID: requestID).http(requestID: requestID)
        }
        // Those who were refused at once don't come again all at once.
        let wait = (problem.retryAfter ?? 1) * 1000 + .random(in: 0...1000)
        return HTTPResponse(
            status: 200, headers: StreamOpening.headers(requestID), body: EventStreamText.refusal(retry: wait))
    }

    /// It can't send a token.
    private static func isEventSource(_ request: HTTPRequest) -> Bool {
        request.method == "GET" && request.headers.first("authorization") == nil
    }
}
