import Sockets

/// What the HTTP parser made of some pieces of bytes.
struct HTTPTranscript: Equatable, CustomStringConvertible {
    struct Request: Equatable {
        let method: String
        let target: String
        let path: String
        let query: [[String]]
        let headers: [[String]]
        let body: [UInt8]
        let keepAlive: Bool
    }

    private(set) var requests: [Request] = []
    /// As they were given to a handler.
    private(set) var raw: [HTTPRequest] = []
    /// Of the refusal that ended it.
    private(set) var status: Int?

    /// Small, so that inputs come up to them.
    private static let limits: HTTPLimits = {
        var limits = HTTPLimits()
        limits.method = 8
        limits.target = 100
        limits.headers = 400
        limits.fields = 12
        limits.parameters = 4
        limits.body = 64
        return limits
    }()

    init(_ pieces: [[UInt8]], limits: HTTPLimits = Self.limits) throws(Finding) {
        var parser = HTTPParser(limits: limits)
        for piece in pieces {
            piece.withUnsafeBytes { parser.append($0) }
            reading: while true {
                switch parser.next() {
                case .needsMore:
                    try require(parser.buffered <= limits.headers, "it keeps \(parser.buffered) bytes")
                    break reading
                case .continueWanted: try require(parser.stage == .body, "it asks for a body that it does not await")
                case .request(let request, let keepAlive): try take(request, keepAlive)
                case .failure(let error):
                    status = error.status
                    try require(parser.stage == .failed && parser.buffered == 0, "it goes on after a refusal")
                    return
                }
            }
        }
    }

    private mutating func take(_ request: HTTPRequest, _ keepAlive: Bool) throws(Finding) {
        let headers = request.headers.pairs.map { [$0.name, $0.value] }
        try require(request.body.count <= Self.limits.body, "a body of \(request.body.count) bytes")
        try require(headers.count <= Self.limits.fields, "\(headers.count) fields")
        try require(request.query.count <= Self.limits.parameters, "\(request.query.count) parameters")
        try require(
            headers.allSatisfy { !$0[1].utf8.contains { $0 == 0 || $0 == 10 || $0 == 13 } }, "a line end in a header")
        raw.append(request)
        requests.append(
            Request(
                method: request.method, target: request.target, path: request.path,
                query: request.query.map { [$0.name, $0.value] }, headers: headers, body: request.body,
                keepAlive: keepAlive))
    }

    static func == (a: HTTPTranscript, b: HTTPTranscript) -> Bool { a.requests == b.requests && a.status == b.status }

    var description: String { "\(requests) \(status.map { "then \($0)" } ?? "")" }
}

extension HTTPTranscript.Request {
    private static let framing = ["content-length", "transfer-encoding", "expect", "host"]

    /// The request as a proxy would write it: its framing told once.
    var rewritten: [UInt8] {
        var text = "\(method) \(target) HTTP/1.1\r\nHost: h\r\n"
        for header in headers where !Self.framing.contains(header[0].lowercased()) {
            text += "\(header[0]): \(header[1])\r\n"
        }
        return Array((text + "Content-Length: \(body.count)\r\n\r\n").utf8) + body
    }
}
