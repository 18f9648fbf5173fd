import Accounts
import Core
import Crypto
import HTTPService
import Live
import Posts

/// The caller's feed: pages, and the long poll.
struct FeedOperations: Sendable {
    private static let tag = Tag("feed", "The caller's feed: pages and long poll")
    private static let feed = PageCursor.List(tag: 1)
    /// A feed whose pages come from the database, for the page before did.
    private static let storedFeed = PageCursor.List(tag: 5)
    let components: FeedComponents
    let accounts: Accounts
    let feeds: FeedReader
    let lists: Lists
    let cursors: CursorSigner
    let waiter: any FeedWaiter

    var all: [Operation] {
        [
            operation("/v1/feed", id: "getFeed", "The caller's feed", handler: feed),
            operation(
                "/feeds/\(FeedPath.owner)", id: "getFeedShort", "Short form; the id is the caller's own",
                access: .owner(FeedPath.owner, refusal: "a feed is shown to its own user only"), handler: feed),
        ]
    }

    private func operation(
        _ path: Path, id: String, _ summary: String, access: Access = .signedIn,
        handler: @escaping Transport.Handler
    ) -> Operation {
        Operation(
            .get, path, id: id, tag: Self.tag, summary,
            description: """
                Without `since` a page of posts, newest first, with the position `live` to go live from; `limit` and \
                `cursor` belong to it. With `since` the events after that position, in the order of arrival; `wait` \
                belongs to it and holds the request until there is something. Where that is more than 256 KB, a part of \
                it comes: ask on from its `live`. With `channels` it is told of several logs, each with a name and an end \
                of its own. The two kinds of parameters do not mix.
                """,
            access: access,
            parameters: [
                FeedParameters.limit, FeedParameters.cursor, FeedParameters.channels, FeedParameters.since,
                FeedParameters.wait,
            ], headers: [.ifNoneMatch],
            responses: [
                .json(
                    components.either, "A page of the feed, or, with the key `reset`, what came after a position.",
                    headers: [.etag]),
                .notModified("The page is the one with the given tag."),
            ], problems: [.missingField], transport: .longPoll(when: FeedParameters.wait, handler))
    }

    @Sendable private func feed(_ request: RequestContext) async throws -> Response {
        let (since, channels) = (request[FeedParameters.since], request[FeedParameters.channels])
        guard since != nil || channels != nil else {
            guard request[FeedParameters.wait] == nil else {
                throw Problem(.missingField, "wait needs a position: since", field: "since")
            }
            return try await page(request)
        }
        let besides = [
            ("cursor", request[FeedParameters.cursor] != nil), ("limit", request[FeedParameters.limit] != nil),
        ]
        if let (name, _) = besides.first(where: \.1) {
            throw Problem(.invalidField, "\(name) does not go with since and channels", field: name)
        }
        let held = try since.map { try position(live: $0, of: request.caller) } ?? StreamCursor()
        let caller = request.authenticated!
        // No longer than the token lives.
        let left = max(0, accounts.secondsLeft(of: caller))
        let wait = min(request[FeedParameters.wait] ?? 0, FeedParameters.mostWaited, Int(left))
        let response = try await poll(request, channels, since: held, seconds: wait)
        // The session may have ended while the feed was read.
        guard !accounts.hasEnded(caller.session) else {
            throw Problem(.unauthenticated, "the session has ended")
        }
        return response
    }

    private func page(_ request: RequestContext) async throws -> Response {
        let limit = request[FeedParameters.limit] ?? 30
        let (below, isStored) = try position(request)
        return try await lists.read(request) {
            response(
                request, limit,
                try await feeds.page(of: request.caller, below: below, limit: limit, isStored: isStored))
        }
    }

    private func response(_ request: RequestContext, _ limit: Int, _ page: FeedPage) -> Response {
        var writer = ByteWriter(capacity: 512 * (page.posts.count + 1))
        let shown = writer.appendList(page.posts.prefix(limit)) { $1.append(to: &$0) }
        writer.appendNext(
            shown == page.posts.count
                ? nil
                : PageCursor(below: page.posts[shown - 1].id).encode(
                    page.isStored ? Self.storedFeed : Self.feed, viewer: request.caller, cursors))
        // The position moves with every delivery to anybody near; what is shown is what the tag is of.
        let tag = "W/\"\(Base64URL.encode(Crypto.sha256(writer.bytes).prefix(16)))\""
        let headers = [("ETag", tag), ("Cache-Control", "private, no-cache")]
        if request.http.has(tag: tag) { return Response(status: 304, headers: headers) }
        writer.append(ascii: ",\"live\":")
        writer.append(jsonString: page.live.encode(user: request.caller, cursors))
        writer.append(ascii: "}")
        return .json(writer.bytes, headers: headers)
    }

    private func position(_ request: RequestContext) throws -> (below: ID, isStored: Bool) {
        if let text = request[FeedParameters.cursor],
            let cursor = PageCursor(text, Self.storedFeed, viewer: request.caller, cursors)
        {
            return (cursor.below, true)
        }
        return (try request.below(Self.feed, cursors), false)
    }

    // MARK: Long poll

    private func position(live text: String, of user: ID) throws(Problem) -> StreamCursor {
        guard let position = StreamCursor(any: text, user: user, cursors) else {
            throw Problem(.invalidCursor, "the position was not made for this caller", field: "since")
        }
        return position
    }

    private func poll(
        _ request: RequestContext, _ channels: StreamChannels?, since held: StreamCursor, seconds: Int
    ) async throws -> Response {
        if let channels {
            return try await waiter.poll(request, channels, since: held, seconds: seconds) {
                try await lists.read(request, in: .polls, $0)
            }
        }
        guard let since = held[.feed(of: request.caller)] else {
            throw Problem(.invalidCursor, "the position says nothing of the feed", field: "since")
        }
        return try await poll(request, since: since, seconds: seconds)
    }

    private func poll(_ request: RequestContext, since: LiveCursor, seconds: Int) async throws -> Response {
        try waiter.admit(request.caller, from: request.address)
        guard seconds > 0 else { return try await look(request, since).response }
        let signal = try await waiter.listen(for: request.caller, session: request.authenticated!.session)
        defer { signal.cancel() }
        let deadline = monotonicNanoseconds() + UInt64(seconds) * 1_000_000_000
        while true {
            let (response, isEmpty) = try await look(request, since)
            let now = monotonicNanoseconds()
            if isEmpty, now < deadline {
                if try await signal.wait(milliseconds: Int((deadline - now) / 1_000_000) + 1) { continue }
            }
            return response
        }
    }

    private func look(
        _ request: RequestContext, _ since: LiveCursor
    ) async throws -> (response: Response, isEmpty: Bool) {
        var isEmpty = false
        let response = try await lists.read(request, in: .polls) {
            let missed = try await feeds.missed(by: request.caller, since: since, atMost: PostBytes.mostRead)
            if case .events(let events, _) = missed { isEmpty = events.isEmpty }
            return self.response(request, missed)
        }
        return (response, isEmpty)
    }

    private func response(_ request: RequestContext, _ missed: Missed) -> Response {
        let user = request.caller
        let (events, live, reset): ([Publication], LiveCursor, Bool) =
            switch missed {
            case .events(let events, let live): (events, live, false)
            // The client asks on from there.
            case .part(let events, let last, _): (events, last, false)
            case .reset(let live): ([], live, true)
            }
        waiter.charge(user, from: request.address, for: reset ? nil : events)
        return .json { writer in
            // Cut by `missed`: what is left out here would be lost.
            _ = writer.appendList(events, most: .max) { $0.append($1.event) }
            writer.append(ascii: ",\"live\":")
            writer.append(jsonString: live.encode(user: user, cursors))
            writer.append(reset ? ",\"reset\":true}" : ",\"reset\":false}")
        }
    }
}
