import Accounts
import Core
import Crypto
import HTTPService
import Live
import Posts

/// The caller's feed: pages, and the long poll.
struct FeedRoutes: Sendable {
    private static let parameters = ["limit", "cursor", "since", "wait"]
    private static let feed = PageCursor.List(tag: 1)
    /// A feed whose pages come from the database, for the page before did.
    private static let storedFeed = PageCursor.List(tag: 5)
    /// Seconds that a long poll is held; proxies and clients that give up after a minute must never see the end of it.
    static let mostWaited = 45
    /// What may be asked for: clients that were made for more get less.
    static let mostAsked = 55
    let accounts: Accounts
    let feeds: FeedReader
    let lists: Lists
    let cursors: CursorSigner
    let waiter: any FeedWaiter

    var routes: [Route] {
        [
            Route("GET", "/v1/feed", .signedIn, .read, parameters: Self.parameters) { try await feed($0) },
            Route("GET", "/feeds/{id}", .signedIn, .read, parameters: Self.parameters) { scope in
                guard try scope.id() == scope.caller else {
                    throw Problem(.forbidden, "a feed is shown to its own user only")
                }
                return try await feed(scope)
            },
        ]
    }

    private func feed(_ scope: RequestScope) async throws -> Answer {
        guard let since = scope.parameter("since") else {
            guard scope.parameter("wait") == nil else {
                throw Problem(.missingField, "wait needs a position: since", field: "since")
            }
            return try await page(scope)
        }
        if let name = ["cursor", "limit"].first(where: { scope.parameter($0) != nil }) {
            throw Problem(.invalidField, "\(name) does not go with since", field: name)
        }
        guard let cursor = LiveCursor(since, user: scope.caller, cursors) else {
            throw Problem(.invalidCursor, "the position was not made for this caller", field: "since")
        }
        let wait = try scope.integer("wait", in: 0...Self.mostAsked, default: 0)
        // No longer than the token lives.
        let left = max(0, accounts.secondsLeft(of: scope.token!))
        let answer = try await poll(scope, since: cursor, seconds: min(wait, Self.mostWaited, Int(left)))
        // The session may have ended while the feed was read.
        guard !accounts.hasEnded(scope.token!.session) else {
            throw Problem(.unauthenticated, "the session has ended")
        }
        return answer
    }

    private func page(_ scope: RequestScope) async throws -> Answer {
        let limit = try scope.limit()
        let (below, isStored) = try position(scope)
        return try await lists.read(scope) {
            answer(
                scope, limit,
                try await feeds.page(of: scope.caller, below: below, limit: limit, isStored: isStored))
        }
    }

    private func answer(_ scope: RequestScope, _ limit: Int, _ page: FeedPage) -> Answer {
        var writer = ByteWriter(capacity: 512 * (page.posts.count + 1))
        let shown = writer.appendList(page.posts.prefix(limit)) { $1.append(to: &$0) }
        writer.appendNext(
            shown == page.posts.count
                ? nil
                : PageCursor(below: page.posts[shown - 1].id).encode(
                    page.isStored ? Self.storedFeed : Self.feed, viewer: scope.caller, cursors))
        // The position moves with every delivery to anybody near; what is shown is what the tag stands for.
        let tag = "W/\"\(Base64URL.encode(Crypto.sha256(writer.bytes).prefix(16)))\""
        let headers = [("ETag", tag), ("Cache-Control", "private, no-cache")]
        if scope.request.has(tag: tag) { return Answer(status: 304, headers: headers) }
        writer.append(ascii: ",\"live\":")
        writer.append(jsonString: page.live.encode(user: scope.caller, cursors))
        writer.append(ascii: "}")
        return .json(writer.bytes, headers: headers)
    }

    private func position(_ scope: RequestScope) throws -> (below: ID, isStored: Bool) {
        if let text = scope.parameter("cursor"),
            let cursor = PageCursor(text, Self.storedFeed, viewer: scope.caller, cursors)
        {
            return (cursor.below, true)
        }
        return (try scope.below(Self.feed, cursors), false)
    }

    // MARK: Long poll

    private func poll(_ scope: RequestScope, since: LiveCursor, seconds: Int) async throws -> Answer {
        try waiter.admit(scope.caller, from: scope.address)
        guard seconds > 0 else { return try await look(scope, since).answer }
        let signal = try await waiter.listen(for: scope.caller, session: scope.token!.session)
        defer { signal.cancel() }
        let deadline = monotonicNanoseconds() + UInt64(seconds) * 1_000_000_000
        while true {
            let (answer, isEmpty) = try await look(scope, since)
            let now = monotonicNanoseconds()
            if isEmpty, now < deadline {
                if try await signal.wait(milliseconds: Int((deadline - now) / 1_000_000) + 1) { continue }
            }
            return answer
        }
    }

    private func look(_ scope: RequestScope, _ since: LiveCursor) async throws -> (answer: Answer, isEmpty: Bool) {
        var isEmpty = false
        let answer = try await lists.read(scope, in: .polls) {
            let missed = try await feeds.missed(by: scope.caller, since: since, atMost: PostBytes.mostRead)
            if case .events(let events, _) = missed { isEmpty = events.isEmpty }
            return self.answer(scope, missed)
        }
        return (answer, isEmpty)
    }

    private func answer(_ scope: RequestScope, _ missed: Missed) -> Answer {
        let user = scope.caller
        let (events, live, reset): ([Publication], LiveCursor, Bool) =
            switch missed {
            case .events(let events, let live): (events, live, false)
            // The client asks on from there.
            case .part(let events, let last, _): (events, last, false)
            case .reset(let live): ([], live, true)
            }
        waiter.charge(user, from: scope.address, for: reset ? nil : events)
        return .json { writer in
            // Cut by `missed`: what is left out here would be lost.
            _ = writer.appendList(events, most: .max) { $0.append($1.event) }
            writer.append(ascii: ",\"live\":")
            writer.append(jsonString: live.encode(user: user, cursors))
            writer.append(reset ? ",\"reset\":true}" : ",\"reset\":false}")
        }
    }
}
