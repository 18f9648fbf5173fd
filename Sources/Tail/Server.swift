import Core
import HTTPClient

/// The server's API, as far as a tail uses it.
final class Server {
    private let base: String
    /// Another client than the stream's: a page is read while the stream is open.
    private let client: HTTPClient

    /// - Parameter url: `http://…` or `https://…`, perhaps with a path before the API's.
    init(_ url: String, interrupt: Interrupt?) throws(TailEnd) {
        guard TailOptions.isURL(url) else {
            throw .failed("'\(url)' is not an address such as https://feed.example", code: TailExit.credentials)
        }
        base = url.hasSuffix("/") ? String(url.dropLast()) : url
        client = HTTPClient(interrupt: interrupt)
    }

    /// - Parameters:
    ///   - since: a position, for a stream without a last event.
    ///   - channel: `nil`: the feed.
    func streamURL(since: String?, channel: String?) -> String {
        let query = [since.map { "since=" + Self.encoded($0) }, channel.map { "channels=" + Self.encoded($0) }]
            .compactMap { $0 }
        return base + "/v1/live/sse" + (query.isEmpty ? "" : "?" + query.joined(separator: "&"))
    }

    func feed(token: String, limit: Int, cursor: String? = nil) throws(Trouble) -> FeedPage {
        let page = try list("/v1/feed", token, limit, cursor)
        guard page.live != nil else { throw .strange("the feed is not Martlet's") }
        return page
    }

    /// What a channel is about; of a poll there are no posts, and its channel tells how it stands.
    func posts(of channel: String, token: String, limit: Int, cursor: String? = nil) throws(Trouble) -> FeedPage {
        if channel.hasPrefix("poll:") { return .empty }
        let key = channel.dropFirst("user:".count)
        guard channel.hasPrefix("post:") else {
            return try list("/v1/users/\(key)/posts", token, limit, cursor)
        }
        guard let page = FeedPage(post: try get("/v1/posts/\(key)", token)) else {
            throw .strange("the post is not Martlet's")
        }
        return page
    }

    func notifications(token: String, limit: Int) throws(Trouble) -> NotificationPage {
        guard let page = NotificationPage(try get("/v1/notifications?limit=\(limit)", token)) else {
            throw .strange("the notifications are not Martlet's")
        }
        return page
    }

    /// The channel by its id, where it was named by a handle.
    func channel(_ name: String, token: String) throws(Trouble) -> String {
        guard name.hasPrefix("user:@") else { return name }
        let body = try get("/v1/users/" + name.dropFirst("user:".count), token)
        let user = (try? JSONValue.parse(body))?.object
        guard let id = user?["id"]?.string, TailOptions.isChannel("user:" + id) else {
            throw .strange("the user is not Martlet's")
        }
        return "user:" + id
    }

    private func list(_ path: String, _ token: String, _ limit: Int, _ cursor: String?) throws(Trouble) -> FeedPage {
        let query = "?limit=\(limit)" + (cursor.map { "&cursor=" + Self.encoded($0) } ?? "")
        guard let page = FeedPage(try get(path + query, token)) else {
            throw .strange("the feed is not Martlet's")
        }
        return page
    }

    private func get(_ path: String, _ token: String) throws(Trouble) -> [UInt8] {
        let reply = try send("GET", path, headers: [("Authorization", "Bearer " + token)])
        try Self.check(reply)
        return reply.body
    }

    /// - Parameter key: an idempotency key: the same call again gives the same answer.
    func post(
        _ path: String, _ fields: [(String, String)], key: String? = nil, milliseconds: Int = 20_000
    ) throws(Trouble) -> HTTPReply {
        var body = ByteWriter(capacity: 256)
        body.append(ascii: "{")
        for (index, (name, value)) in fields.enumerated() {
            if index > 0 { body.append(ascii: ",") }
            body.append(jsonString: name)
            body.append(ascii: ":")
            body.append(jsonString: value)
        }
        body.append(ascii: "}")
        let headers = [("Content-Type", "application/json")] + (key.map { [("Idempotency-Key", $0)] } ?? [])
        return try send("POST", path, headers: headers, body: body.bytes, milliseconds: milliseconds)
    }

    private func send(
        _ method: String, _ path: String, headers: [(String, String)], body: [UInt8]? = nil, milliseconds: Int = 20_000
    ) throws(Trouble) -> HTTPReply {
        do throws(HTTPFailure) {
            return try client.request(method, base + path, headers: headers, body: body, milliseconds: milliseconds)
        } catch {
            throw Self.trouble(error)
        }
    }

    /// Any call, with an answer of success.
    /// - Parameters:
    ///   - token: `nil`: nobody is signed in.
    ///   - headers: beside those that follow from the rest.
    ///   - body: JSON.
    ///   - key: an idempotency key.
    func call(
        _ method: String, _ path: String, token: String?, headers: [(String, String)] = [], body: [UInt8]? = nil,
        key: String? = nil
    ) throws(Trouble) -> HTTPReply {
        let headers =
            headers + (token.map { [("Authorization", "Bearer " + $0)] } ?? [])
            + (body == nil ? [] : [("Content-Type", "application/json")])
            + (key.map { [("Idempotency-Key", $0)] } ?? [])
        let reply = try send(method, path, headers: headers, body: body)
        if !(200..<300).contains(reply.status) { try Self.check(reply) }
        return reply
    }

    // MARK: What answers mean

    static func trouble(_ failure: HTTPFailure) -> Trouble {
        switch failure.reason {
        case .interrupted: .end(.interrupted)
        case .invalidRequest: .end(.failed(failure.message, code: TailExit.credentials))
        case .tooLarge: .strange(failure.message)
        case .unreachable, .timeout, .broken: .passing(failure.message)
        }
    }

    /// Returns for 200 only.
    static func check(_ reply: HTTPReply) throws(Trouble) {
        switch reply.status {
        case 200: return
        case 401: throw .unauthenticated(detail(reply))
        case 404: throw .missing(detail(reply))
        case 400 where code(reply) == "invalid_cursor": throw .positionLost
        case 408, 409, 425, 429, 500...599:
            let seconds = reply.header("Retry-After").flatMap { Int($0) } ?? 0
            throw .passing(detail(reply), after: min(max(0, seconds), 300) * 1000)
        default: throw .strange(detail(reply))
        }
    }

    static func code(_ reply: HTTPReply) -> String? { problem(reply)?["code"]?.string }

    /// What the server says about it, or the status.
    static func detail(_ reply: HTTPReply) -> String {
        if let text = problem(reply)?["detail"]?.string { return text }
        let target = (300..<400).contains(reply.status) ? reply.header("Location") : nil
        return "the server answers \(reply.status)" + (target.map { " and names \($0)" } ?? "")
    }

    private static func problem(_ reply: HTTPReply) -> JSONObject? {
        reply.header("Content-Type")?.hasPrefix("application/problem+json") == true
            ? (try? JSONValue.parse(reply.body))?.object : nil
    }

    /// Percent-encoded for a query.
    static func encoded(_ text: String) -> String {
        var writer = ByteWriter(capacity: text.utf8.count)
        for byte in text.utf8 {
            switch byte {
            case 48...57, 65...90, 97...122, UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."):
                writer.append(byte)
            default:
                writer.append(ascii: "%")
                writer.append(hex: [byte])
            }
        }
        return writer.string
    }
}
