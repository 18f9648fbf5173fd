public import Core
public import Sockets

/// What a handler answers, before the headers that every response has.
public struct Response: Sendable {
    public var status: Int
    public var headers: [(String, String)]
    public var body: [UInt8]
    /// It was given before: nothing was done this time.
    public var isReplay = false
    /// What `RequestContext.hold` has taken for it.
    public var held: HeldBytes?
    /// In place of `body`.
    public var pieces: BodyPieces?

    public init(status: Int, headers: [(String, String)] = [], body: [UInt8] = []) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    public static let noContent = Response(status: 204)

    public static func json(_ body: [UInt8], status: Int = 200, headers: [(String, String)] = []) -> Response {
        of("application/json", body, status: status, headers: headers)
    }

    public static func json(
        status: Int = 200, headers: [(String, String)] = [], _ write: (inout ByteWriter) -> Void
    ) -> Response {
        var writer = ByteWriter(capacity: 512)
        write(&writer)
        return json(writer.bytes, status: status, headers: headers)
    }

    static func of(_ type: String, _ body: [UInt8], status: Int, headers: [(String, String)]) -> Response {
        Response(status: status, headers: [("Content-Type", type)] + headers, body: body)
    }

    /// - Parameter status: where it is not the code's own.
    public static func problem(_ problem: Problem, requestID: String, status: Int? = nil) -> Response {
        let status = status ?? problem.code.status
        var headers: [(String, String)] = []
        if let seconds = problem.retryAfter { headers.append(("Retry-After", String(seconds))) }
        if let etag = problem.etag { headers.append(("ETag", etag)) }
        if !problem.allow.isEmpty { headers.append(("Allow", problem.allow.joined(separator: ", "))) }
        if status == 401 { headers.append(("WWW-Authenticate", "Bearer")) }
        // RFC 9110, section 15.5.16: what would have been taken.
        if problem.code == .unsupportedMediaType, problem.field == "Content-Encoding" {
            headers.append(("Accept-Encoding", "identity"))
        }
        let body = problem.json(requestID: requestID, status: status)
        return of(Problem.contentType, body, status: status, headers: headers)
    }

    /// With what every response carries.
    public func http(requestID: String) -> HTTPResponse {
        var all = headers
        all.append(("X-Request-Id", requestID))
        all.append(("X-Content-Type-Options", "nosniff"))
        if !headers.contains(where: { $0.0 == "Cache-Control" }) { all.append(("Cache-Control", "no-store")) }
        var response = HTTPResponse(status: status, headers: all, body: body)
        response.held = held
        response.pieces = pieces
        return response
    }
}

extension HTTPResponse {
    /// A problem, told to whoever sent the request.
    public static func problem(_ problem: Problem, to request: HTTPRequest) -> HTTPResponse {
        let requestID = request.requestID
        return Response.problem(problem, requestID: requestID).http(requestID: requestID)
    }
}
