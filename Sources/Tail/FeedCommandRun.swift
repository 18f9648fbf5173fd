import Core
import Glibc
import HTTPClient
import Runtime

/// Does one thing, tells what came of it, and ends. Blocks the calling thread; the caller has called `Signals.block()`.
/// - Returns: the exit code, of `TailExit`.
public func runFeedCommand(_ command: FeedCommand, _ options: TailOptions) -> Int32 {
    runInTerminal(options, command: command.name) { (renderer, output, _, interrupt) throws(TailEnd) in
        let run = try FeedCommandRun(
            options, renderer: renderer, output: output,
            input: StandardInput(descriptor: STDIN_FILENO, interrupt: interrupt), interrupt: interrupt)
        try run.run(command)
    }
}

/// The calls of one command. Each is repeated a few times where that can help; a write has one key for all of its attempts.
final class FeedCommandRun {
    private static let attempts = 3
    /// Milliseconds.
    private static let longestWait = 10_000
    private static let mostRequests = 1_000
    let server: Server
    /// `nil` where nobody need be known.
    private let credentials: Credentials?
    let options: TailOptions
    private let renderer: any Renderer
    let output: any Output
    private let input: StandardInput
    let interrupt: Interrupt

    init(
        _ options: TailOptions, renderer: any Renderer, output: any Output, input: StandardInput, interrupt: Interrupt
    ) throws(TailEnd) {
        (self.options, self.renderer, self.output, self.input, self.interrupt) = (
            options, renderer, output, input, interrupt
        )
        server = try Server(options.url, interrupt: interrupt)
        credentials = options.isSomebody ? try Credentials(options, server) : nil
    }

    func run(_ command: FeedCommand) throws(TailEnd) {
        defer { credentials?.logOut(from: server) }
        switch command {
        case .follow(let handle): try follow(handle)
        case .unfollow(let handle):
            let user = try user(handle)
            _ = try call("DELETE", "/v1/users/\(user.id)/follow")
            try tell(user, "followed", false, "you do not follow @\(handle)")
        case .followTag(let tag): try setFollowed(true, tag: tag)
        case .unfollowTag(let tag): try setFollowed(false, tag: tag)
        case .post(let text?): try post(text)
        case .post(nil): try post(try input.text())
        case .feed:
            guard let page = FeedPage(try call("GET", "/v1/feed?limit=\(options.posts)").body) else {
                throw Self.strange
            }
            for (post, value) in page.posts.reversed() {
                try output.write(renderer.created(post, event: value.text))
            }
        case .requests: try requests()
        case .accept(let handle):
            let user = try user(handle)
            _ = try call("PUT", "/v1/me/requests/\(user.id)")
            try tell(user, "accepted", true, "@\(handle) follows you")
        case .notifications: try showNotifications()
        case .markRead: try markRead()
        case .devices: try devices()
        case .addWebhook(let url): try addWebhook(url: url)
        case .removeDevice(let id): try removeDevice(id)
        case .testDevice(let id): try testDevice(id)
        case .rotateSecret(let id): try rotateSecret(id)
        case .preferences: try showPreferences()
        case .prefer(let change): try prefer(change)
        case .export(let path): try export(to: path)
        case .deleteAccount(let days): try deleteAccount(graceDays: days)
        case .keepAccount: try keepAccount()
        case .receipt(let id, let key): try receipt(id, key)
        case .refuse(let handle):
            let user = try user(handle)
            _ = try call("DELETE", "/v1/me/requests/\(user.id)")
            try tell(user, "accepted", false, "@\(handle) does not ask any more, and is not told")
        }
    }

    private func follow(_ handle: String) throws(TailEnd) {
        let user = try user(handle)
        if try call("PUT", "/v1/users/\(user.id)/follow").status == 202 {
            try tell(user, "requested", true, "@\(handle) is asked: the account is private")
        } else {
            try tell(user, "followed", true, "you follow @\(handle)")
        }
    }

    private func setFollowed(_ isFollowed: Bool, tag: String) throws(TailEnd) {
        _ = try call(isFollowed ? "PUT" : "DELETE", "/v1/tags/\(Server.encoded(tag))/follow", about: "#\(tag): ")
        guard options.json else {
            return try output.write(Harmless.escaped("you \(isFollowed ? "follow" : "do not follow") #\(tag)") + "\n")
        }
        var writer = ByteWriter(capacity: 64)
        writer.append(ascii: "{\"tag\":")
        writer.append(jsonString: tag)
        writer.append(ascii: isFollowed ? ",\"followed\":true}" : ",\"followed\":false}")
        try output.write(Harmless.json(writer.string) + "\n")
    }

    private func post(_ text: String) throws(TailEnd) {
        var body = ByteWriter(capacity: text.utf8.count + 16)
        body.append(ascii: "{\"text\":")
        body.append(jsonString: text)
        body.append(ascii: "}")
        let reply = try call("POST", "/v1/posts", body: body.bytes)
        guard let value = try? JSONValue.parse(reply.body), let post = FeedPost(value) else { throw Self.strange }
        try output.write(renderer.created(post, event: value.text))
    }

    private func requests() throws(TailEnd) {
        try eachItem(of: "/v1/me/requests", most: Self.mostRequests) { (item) throws(TailEnd) in
            try output.write(line(of: item))
        }
    }

    /// The items of a list, page by page, to the end or until there were so many.
    func eachItem(of list: String, most: Int, _ body: (JSONValue) throws(TailEnd) -> Void) throws(TailEnd) {
        var path = list + "?limit=100"
        var count = 0
        while true {
            let page = try object(call("GET", path))
            guard let items = page["items"]?.array else { throw Self.strange }
            for item in items { try body(item) }
            count += items.count
            guard let next = page["next"]?.string, count < most else { return }
            path = list + "?limit=100&cursor=" + Server.encoded(next)
        }
    }

    private func line(of request: JSONValue) throws(TailEnd) -> String {
        guard !options.json else { return Harmless.json(request.text) + "\n" }
        guard let user = request.object?["user"]?.object, let handle = user["handle"]?.string,
            let name = user["display_name"]?.string, let since = request.object?["created_at"]?.string
        else { throw Self.strange }
        return "\(Harmless.escaped(since)) @\(Harmless.escaped(handle)) \(Harmless.escaped(name))\n"
    }

    // MARK: Calls

    private typealias User = (id: String, value: JSONValue)

    private func user(_ handle: String) throws(TailEnd) -> User {
        let reply = try call("GET", "/v1/users/@\(handle)", about: "@\(handle): ")
        guard let value = try? JSONValue.parse(reply.body), let id = value.object?["id"]?.string, ID(id) != nil else {
            throw Self.strange
        }
        return (id, value)
    }

    /// In JSON the user as he was read, and what is so now.
    private func tell(_ user: User, _ key: StaticString, _ isSo: Bool, _ text: String) throws(TailEnd) {
        guard options.json else { return try output.write(Harmless.escaped(text) + "\n") }
        var writer = ByteWriter(capacity: 512)
        writer.append(ascii: "{\"user\":")
        writer.append(json: user.value)
        writer.append(ascii: ",\"")
        writer.append(ascii: key)
        writer.append(ascii: isSo ? "\":true}" : "\":false}")
        try output.write(Harmless.json(writer.string) + "\n")
    }

    /// - Parameter about: before what the server says of it.
    func call(
        _ method: String, _ path: String, headers: [(String, String)] = [], body: [UInt8]? = nil, about: String = ""
    ) throws(TailEnd) -> HTTPReply {
        let key = method == "GET" ? nil : uuidV7(clock: SystemClock())
        var attempt = 1
        while true {
            do throws(Trouble) {
                return try server.call(
                    method, path, token: try credentials?.token(), headers: headers, body: body, key: key)
            } catch {
                switch error {
                case .end(let end): throw end
                case .unauthenticated(let detail):
                    guard let credentials else { throw .failed(detail, code: TailExit.credentials) }
                    try credentials.refused(detail)
                case .missing(let detail), .strange(let detail): throw .failed(about + detail, code: TailExit.network)
                case .positionLost: throw Self.strange
                case .passing(let detail, let after):
                    guard attempt < Self.attempts, after <= Self.longestWait else {
                        throw .failed(detail, code: TailExit.network)
                    }
                    guard interrupt.sleep(milliseconds: max(after, 500 * attempt)) else { throw .interrupted }
                }
            }
            attempt += 1
        }
    }

    func object(_ reply: HTTPReply) throws(TailEnd) -> JSONObject {
        guard let object = (try? JSONValue.parse(reply.body))?.object else { throw Self.strange }
        return object
    }

    /// What came of it, in JSON or as lines.
    func tell(_ object: JSONObject, _ text: String) throws(TailEnd) {
        guard options.json else {
            for line in text.split(separator: "\n") { try output.write(Harmless.escaped(String(line)) + "\n") }
            return
        }
        try output.write(Harmless.json(JSONValue.object(object).text) + "\n")
    }

    static let strange = TailEnd.failed("the server does not answer as Martlet would", code: TailExit.network)
}
