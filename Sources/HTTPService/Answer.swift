public import Core
public import Sockets

/// The answer of a route, before the headers that every answer has.
public struct Answer: Sendable {
    public var status: Int
    public var headers: [(String, String)]
    public var body: [UInt8]
    /// It was given before: nothing was done this time.
    public var isReplay = false
    /// What `RequestScope.hold` has taken for it.
    public var held: HeldBytes?

    public init(status: Int, headers: [(String, String)] = [], body: [UInt8] = []) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    public static let noContent = Answer(status: 204)

    /// A JSON body; for errors `problem+json`.
    public static func json(_ body: [UInt8], status: Int = 200, headers: [(String, String)] = []) -> Answer {
        let type = status >= 400 ? Problem.contentType : "application/json"
        return Answer(status: status, headers: [("Content-Type", type)] + headers, body: body)
    }

    public static func json(
        status: Int = 200, headers: [(String, String)] = [], _ write: (inout ByteWriter) -> Void
    ) -> Answer {
        var writer = ByteWriter(capacity: 512)
        write(&writer)
        return json(writer.bytes, status: status, headers: headers)
    }

    public static func problem(_ problem: Problem, requestID: String) -> Answer {
        var headers: [(String, String)] = []
        if let seconds = problem.retryAfter { headers.append(("Retry-After", String(seconds))) }
        if !problem.allow.isEmpty { headers.append(("Allow", problem.allow.joined(separator: ", "))) }
        if problem.code.status == 401 { headers.append(("WWW-Authenticate", "Bearer")) }
        // RFC 9110, section 15.5.16: what would have been taken.
        if problem.code == .unsupportedMediaType, problem.field == "Content-Encoding" {
            headers.append(("Accept-Encoding", "identity"))
        }
        return json(problem.json(requestID: requestID), status: problem.code.status, headers: headers)
    }

    /// With what every answer carries.
    public func response(requestID: String) -> HTTPResponse {
        var all = headers
        all.append(("X-Request-Id", requestID))
        all.append(("X-Content-Type-Options", "nosniff"))
        if !headers.contains(where: { $0.0 == "Cache-Control" }) { all.append(("Cache-Control", "no-store")) }
        var response = HTTPResponse(status: status, headers: all, body: body)
        response.held = held
        return response
    }
}
