import Core
import Push
import Sink
import Sockets

/// The server's side of one HTTP/1.1 connection, without its socket: one request after the other.
struct HTTP1Session {
    enum Event {
        case none
        /// It waits for `100 Continue`.
        case continueWanted
        case request(SinkRequest)
        /// It can't be read, or is too long: this is the response, and the end.
        case failure(PushResponse)
    }

    private var parser: HTTPParser
    /// A request is with whoever responds; what comes behind it waits.
    private(set) var isBusy = false
    private(set) var keepsAlive = true

    init(bodyLimit: Int) {
        var limits = HTTPLimits()
        limits.body = bodyLimit
        parser = HTTPParser(limits: limits)
    }

    mutating func receive(_ bytes: [UInt8]) { bytes.withUnsafeBytes { parser.append($0) } }

    /// Bytes that wait for a response to what is before them.
    var waiting: Int { isBusy ? parser.buffered : 0 }

    mutating func next() -> Event {
        guard !isBusy else { return .none }
        switch parser.next() {
        case .needsMore: return .none
        case .continueWanted: return .continueWanted
        case .request(let request, let keepAlive):
            (isBusy, keepsAlive) = (true, keepAlive)
            return .request(
                SinkRequest(
                    method: request.method, path: request.target,
                    headers: request.headers.pairs.map { PushHeader($0.name, $0.value) }, body: request.body))
        case .failure(let error):
            (isBusy, keepsAlive) = (true, false)
            return .failure(PushResponse(status: error.status, body: Array((error.detail + "\n").utf8)))
        }
    }

    /// - Returns: its bytes; the next request may come.
    mutating func respond(_ response: PushResponse) -> [UInt8] {
        isBusy = false
        var head = "HTTP/1.1 \(response.status) \(Self.reasons[response.status] ?? "Status")\r\n"
        for header in response.headers { head += "\(header.name): \(header.value)\r\n" }
        if !response.hasNoBody { head += "content-length: \(response.body.count)\r\n" }
        if !keepsAlive { head += "connection: close\r\n" }
        return Array((head + "\r\n").utf8) + (response.hasNoBody ? [] : response.body)
    }

    static let goOn = Array("HTTP/1.1 100 Continue\r\n\r\n".utf8)

    private static let reasons = [
        200: "OK", 201: "Created", 204: "No Content", 400: "Bad Request", 404: "Not Found", 410: "Gone",
        413: "Content Too Large", 429: "Too Many Requests", 500: "Internal Server Error", 503: "Service Unavailable",
    ]
}
