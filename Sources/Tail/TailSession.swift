import Core
import HTTPClient

/// A tail from its first connection to its end: a page of the feed, then the stream, and both again where the stream
/// breaks. Blocks its thread.
final class TailSession {
    /// What tests set otherwise.
    struct Timing {
        /// Milliseconds without a byte, of which the server sends one each 15 s at least.
        var silence = 40_000
        var random: (ClosedRange<Int>) -> Int = { Int.random(in: $0) }
        /// Attempts until the first connection; afterwards it never gives up.
        var firstAttempts = 5
    }

    private let server: Server
    private let credentials: Credentials
    private let client: HTTPClient
    private let options: TailOptions
    private let timing: Timing
    private let output: any Output
    private let interrupt: Interrupt
    private let notice: (String) -> Void
    private var feed: FeedView
    private var backoff = Backoff()
    /// The last event's id, for a reconnect.
    private var lastEventID: String?
    /// The position of a page that was read when there was no event yet.
    private var pagePosition: String?
    /// By its id; `nil` where the feed is shown, and before it is known.
    private var channel: String?
    private var wasLive = false

    init(
        _ options: TailOptions, renderer: any Renderer, output: any Output, interrupt: Interrupt,
        timing: Timing = Timing(), notice: @escaping (String) -> Void
    ) throws(TailEnd) {
        self.options = options
        self.timing = timing
        self.output = output
        self.interrupt = interrupt
        self.notice = notice
        server = try Server(options.url, interrupt: interrupt)
        credentials = try Credentials(options, server)
        client = HTTPClient(interrupt: interrupt)
        feed = FeedView(renderer: renderer)
        pagePosition = options.since
    }

    /// Returns by throwing why it ended.
    func run() throws(TailEnd) -> Never {
        defer {
            // The interrupt would end this call too.
            if let server = try? Server(options.url, interrupt: nil) { credentials.logOut(from: server) }
        }
        while true {
            do throws(Trouble) {
                try connect()
            } catch {
                try handle(error)
            }
        }
    }

    private func handle(_ trouble: Trouble) throws(TailEnd) {
        switch trouble {
        case .end(let end): throw end
        case .unauthenticated(let detail): try credentials.refused(detail)
        case .positionLost:
            lastEventID = nil
            pagePosition = nil
            try pause("the server can't use the position: the feed is read anew", after: 0)
        case .passing(let message, let after): try pause(message, after: after)
        case .missing(let message) where options.channel != nil:
            throw .failed("\(options.channel!): \(message)", code: TailExit.network)
        case .strange(let message), .missing(let message):
            guard wasLive else { throw .failed("\(options.url): \(message)", code: TailExit.network) }
            try pause(message, after: 0)
        }
    }

    private func pause(_ message: String, after: Int) throws(TailEnd) {
        if !wasLive, backoff.failures + 1 >= timing.firstAttempts {
            throw .failed("\(options.url): \(message)", code: TailExit.network)
        }
        let milliseconds = backoff.next(after: after, random: timing.random)
        notice("\(message): again in \((milliseconds + 999) / 1000) s")
        guard interrupt.sleep(milliseconds: milliseconds) else { throw .interrupted }
        if output.isClosed { throw .outputClosed }
    }

    // MARK: One connection

    private func connect() throws(Trouble) {
        let token = try credentials.token()
        if let name = options.channel {
            if channel == nil { channel = try server.channel(name, token: token) }
        } else if lastEventID == nil, pagePosition == nil {
            try readPosts(token)
        }
        var headers = [("Authorization", "Bearer " + token), ("Accept", "text/event-stream")]
        if let lastEventID { headers.append(("Last-Event-ID", lastEventID)) }
        var parser = EventStreamParser(lastEventID: lastEventID ?? "")
        var problem: Trouble?
        let end: HTTPClient.StreamEnd
        do throws(HTTPFailure) {
            let url = server.streamURL(since: lastEventID == nil ? pagePosition : nil, channel: channel)
            end = try client.stream(url, headers: headers, silence: timing.silence, deadline: credentials.renewAt) {
                do throws(Trouble) {
                    try take(parser.append($0), token)
                    return true
                } catch {
                    problem = error
                    return false
                }
            }
        } catch {
            throw Server.trouble(error)
        }
        if let problem { throw problem }
        switch end {
        // Time for a new token: the next connection goes on where this one was.
        case .deadline: return
        case .refused(let reply):
            try Server.check(reply)
            throw .strange(Server.detail(reply))
        case .finished, .stopped: throw .passing("the connection has ended")
        }
    }

    /// Shows the newest posts, oldest first; after the first time those only that were not shown.
    private func readPosts(_ token: String) throws(Trouble) {
        let isFirst = !feed.hasBegun
        let wanted = isFirst ? options.posts : Int.max
        if channel == TailOptions.notifications {
            let page = try server.notifications(token: token, limit: min(max(wanted, 1), 100))
            credentials.accepted()
            return try write(feed.page(page, shows: wanted > 0))
        }
        var page = try page(token, limit: min(max(wanted, 1), 100))
        credentials.accepted()
        pagePosition = page.live
        var posts = page.posts
        if wanted == 0 { return feed.begin(behind: posts) }
        // Back to where the last one is that was shown, within reason; or as many as are asked for.
        for _ in 0..<(isFirst ? (wanted - 1) / 100 : 4) where isFirst || !feed.reaches(posts.map(\.post)) {
            guard let next = page.next else { break }
            page = try self.page(token, limit: min(max(wanted - posts.count, 1), 100), cursor: next)
            posts += page.posts
        }
        if !isFirst, page.next != nil, !feed.reaches(posts.map(\.post)) { notice("older posts are left out") }
        try write(feed.page(posts, isWhole: page.next == nil))
    }

    private func page(_ token: String, limit: Int, cursor: String? = nil) throws(Trouble) -> FeedPage {
        guard let channel else { return try server.feed(token: token, limit: limit, cursor: cursor) }
        return try server.posts(of: channel, token: token, limit: limit, cursor: cursor)
    }

    private func take(_ outputs: [EventStreamParser.Output], _ token: String) throws(Trouble) {
        if output.isClosed { throw .end(.outputClosed) }
        for output in outputs {
            switch output {
            case .retry(let milliseconds): backoff.setRetry(milliseconds)
            case .tooLong: throw .strange("an event is too long")
            case .event(let event):
                try take(event, token)
                // An id that can't be sent in a header can't be used.
                if !event.id.isEmpty, event.id.utf8.count <= 512, event.id.utf8.allSatisfy({ $0 > 32 && $0 < 127 }) {
                    lastEventID = event.id
                }
            }
        }
    }

    private func take(_ event: EventStreamParser.Event, _ token: String) throws(Trouble) {
        switch event.type {
        case "resumed": established(event)
        case "live":
            // From here on nothing is missed, so nothing is missing between the list and what comes. It is said when the list
            // is there: who posts then is not in it.
            if channel != nil { try readPosts(token) }
            established(event)
        case "reset":
            established(event)
            try readPosts(token)
        case "unsubscribed":
            throw .end(.failed("\(options.channel ?? "") is not there any more", code: TailExit.network))
        case "drain": notice("the server goes down")
        default: try write(feed.event(event.data, now: SystemClock().milliseconds()))
        }
    }

    private func established(_ event: EventStreamParser.Event) {
        credentials.accepted()
        // A connection that gave way to one with a new token is no news.
        if !wasLive {
            if event.type == "reset" { notice("the server can't use the position: the feed is read anew") }
            notice("live at \(options.url)")
        } else if event.type == "reset" {
            notice("too much was missed: the feed is read again")
        } else if backoff.failures > 0 {
            let missed = (try? JSONValue.parse(Array(event.data.utf8)))?.object?["missed"]?.integer ?? 0
            notice("live again" + (missed > 0 ? ", \(missed) missed" : ""))
        }
        wasLive = true
        backoff.succeeded()
    }

    private func write(_ text: String) throws(Trouble) {
        guard !text.isEmpty else { return }
        do throws(TailEnd) {
            try output.write(text)
        } catch {
            throw .end(error)
        }
    }
}
