extension OpenAPI {
    static var operations: [Operation] {
        accountOperations + userOperations + postOperations + feedOperations + liveOperations + processOperations
    }

    private static var accountOperations: [Operation] {
        let tag = "accounts"
        return [
            Operation(
                method: "post", path: "/v1/auth/signup", id: "signUp", tag: tag, summary: "Make an account and log in",
                access: .anyone, limit: .auth, body: "SignUp", takesIdempotencyKey: true,
                answers: [.json("Session", "The account was made.", status: 201)], problems: [409]),
            Operation(
                method: "post", path: "/v1/auth/login", id: "logIn", tag: tag, summary: "Log in",
                description: "A wrong handle and a wrong password get the same answer in the same time.",
                access: .anyone, limit: .auth, body: "LogIn", takesIdempotencyKey: true,
                answers: [.json("Session", "A new session.")], problems: [401]),
            Operation(
                method: "post", path: "/v1/auth/refresh", id: "refresh", tag: tag, summary: "Get new tokens",
                description:
                    "The old refresh token is spent. Again within 30 s it gets the same answer; later it ends the "
                    + "session: 401 `token_reused`.",
                access: .anyone, limit: .auth, body: "RefreshToken", takesIdempotencyKey: true,
                answers: [.json("Session", "The session goes on.")], problems: [401]),
            Operation(
                method: "post", path: "/v1/auth/logout", id: "logOut", tag: tag, summary: "End the session",
                description: "Its access tokens and live connections end within a second.",
                access: .anyone, limit: .auth, body: "RefreshToken", takesIdempotencyKey: true,
                answers: [.empty("The session has ended, or no such token was known.")]),
        ]
    }

    private static var userOperations: [Operation] {
        let tag = "users"
        let user = Operation.Answer.json("User", "The user.")
        func list(_ what: String, id: String, summary: String) -> Operation {
            Operation(
                method: "get", path: "/v1/users/{id}/\(what)", id: id, tag: tag, summary: summary, access: .optional,
                limit: .read, parameters: ["Id", "Limit", "Cursor"],
                answers: [.json("UserList", "Newest follow first.")])
        }
        return [
            Operation(
                method: "get", path: "/v1/me", id: "getMe", tag: tag, summary: "The caller", access: .signedIn,
                limit: .read, answers: [user], problems: [404]),
            Operation(
                method: "get", path: "/v1/users/{id}", id: "getUser", tag: tag, summary: "A user by id",
                access: .optional, limit: .read, parameters: ["Id"], answers: [user]),
            Operation(
                method: "get", path: "/v1/users/@{handle}", id: "getUserByHandle", tag: tag,
                summary: "A user by handle", access: .optional, limit: .read, parameters: ["Handle"],
                answers: [user]),
            Operation(
                method: "put", path: "/v1/users/{id}/follow", id: "follow", tag: tag, summary: "Follow a user",
                description: "Nobody can follow himself: 400 `invalid_field`.", access: .signedIn, limit: .write,
                parameters: ["Id"], takesIdempotencyKey: true,
                answers: [.empty("The caller follows the user, perhaps since before.")]),
            Operation(
                method: "delete", path: "/v1/users/{id}/follow", id: "unfollow", tag: tag, summary: "Stop following",
                access: .signedIn, limit: .write, parameters: ["Id"], takesIdempotencyKey: true,
                answers: [.empty("The caller does not follow the user.")]),
            list("followers", id: "listFollowers", summary: "Who follows a user"),
            list("following", id: "listFollowing", summary: "Whom a user follows"),
            Operation(
                method: "post", path: "/follow", id: "followShort", tag: tag, summary: "Short form of following",
                access: .signedIn, limit: .write, body: "Follow", takesIdempotencyKey: true,
                answers: [.empty("The caller follows the user, perhaps since before.")], problems: [404]),
        ]
    }

    private static var postOperations: [Operation] {
        let tag = "posts"
        func create(_ path: String, id: String, summary: String) -> Operation {
            Operation(
                method: "post", path: path, id: id, tag: tag, summary: summary, access: .signedIn, limit: .write,
                body: "NewPost", takesIdempotencyKey: true,
                answers: [.json("Post", "The post was made.", status: 201, headers: ["Location"])])
        }
        return [
            create("/v1/posts", id: "createPost", summary: "Write a post"),
            Operation(
                method: "get", path: "/v1/posts/{id}", id: "getPost", tag: tag, summary: "A post", access: .optional,
                limit: .read, parameters: ["Id"], answers: [.json("Post", "The post.")]),
            Operation(
                method: "delete", path: "/v1/posts/{id}", id: "deletePost", tag: tag, summary: "Delete a post",
                access: .signedIn, limit: .write, parameters: ["Id"], takesIdempotencyKey: true,
                answers: [.empty("The post is gone, perhaps since before.")], problems: [403]),
            Operation(
                method: "get", path: "/v1/users/{id}/posts", id: "listPosts", tag: tag, summary: "A user's posts",
                access: .optional, limit: .read, parameters: ["Id", "Limit", "Cursor"],
                answers: [.json("PostList", "Newest first.")]),
            create("/posts", id: "createPostShort", summary: "Short form of writing a post"),
        ]
    }

    private static var feedOperations: [Operation] {
        let description = """
            Without `since` a page of posts, newest first, with the position `live` to go live from; `limit` and \
            `cursor` belong to it. With `since` the events after that position, in the order of arrival; `wait` \
            belongs to it and holds the request until there is something. Where that is more than 256 KB, a part of it \
            comes: ask on from its `live`. The two kinds of parameters do not mix.
            """
        func feed(
            _ path: String, id: String, summary: String, _ parameters: [String], _ problems: Set<Int>
        ) -> Operation {
            Operation(
                method: "get", path: path, id: id, tag: "feed", summary: summary, description: description,
                access: .signedIn, limit: .read,
                parameters: parameters + ["Limit", "Cursor", "Since", "Wait", "IfNoneMatch"],
                answers: [
                    .json("Feed", "A page of the feed, or what came after a position.", headers: ["ETag"]),
                    Operation.Answer(
                        status: 304, description: "The page is the one with the given tag.", headers: ["ETag"]),
                ], problems: problems)
        }
        return [
            feed("/v1/feed", id: "getFeed", summary: "The caller's feed", [], []),
            feed("/feeds/{id}", id: "getFeedShort", summary: "Short form; the id is the caller's own", ["Id"], [403]),
        ]
    }

    private static var liveOperations: [Operation] {
        let tag = "live"
        return [
            Operation(
                method: "post", path: "/v1/live/ticket", id: "createTicket", tag: tag,
                summary: "A ticket for an event stream",
                description: """
                    For EventSource, which can't send headers. It opens one stream; afterwards it serves only \
                    reconnects of that stream with a `Last-Event-ID` that the stream was given.
                    """,
                access: .signedIn, limit: .write, answers: [.json("Ticket", "The ticket.", status: 201)]),
            Operation(
                method: "get", path: "/v1/live/sse", id: "streamEvents", tag: tag,
                summary: "The feed as server-sent events",
                description: """
                    It does not end by itself. The first event is the verdict: `live`, `resumed` or `reset`; then \
                    `post.created` and `post.deleted`, each with the position as its id. Before the server goes down: \
                    `drain`. A comment comes every 15 s. HEAD gets the head of the stream; it opens none and spends no \
                    ticket. A browser's EventSource comes back by itself when a stream breaks, and never after a \
                    status other than 200: make a new one then, after 401 with a new ticket, after 503 when \
                    `Retry-After` has passed. Where others get 429, a GET without `Authorization` gets a stream with \
                    nothing but `retry`, which ends; EventSource comes back when that time has passed. Who missed \
                    more than 512 KB gets a `reset`.
                    """,
                access: .stream, limit: .free, parameters: ["StreamSince", "LastEventId", "LastEventIdQuery"],
                answers: [
                    Operation.Answer(
                        status: 200, description: "The stream.",
                        content: ("text/event-stream", "{\"type\":\"string\"}"))
                ], problems: [403, 429]),
            Operation(
                method: "get", path: "/v1/live/ws", id: "openWebSocket", tag: tag,
                summary: "The feed over WebSocket",
                description: """
                    The Centrifugo client protocol in JSON, with the optional subprotocol `centrifuge-json`. The \
                    access token goes into the command `connect`, which subscribes to the channel `feed:` and the user's \
                    id; `unsubscribe` from it ends the pushes, and `subscribe` begins them again, with `recover`, \
                    `epoch` and `offset` from where they ended. Before `connect` a client may send 4 messages of \
                    4 KB; behind it messages have 8 KB at most, and 10 commands and 8 KB a second are taken after a \
                    burst of 100 and 64 KB. Frames of any kind count, too: 32 before `connect`, behind it 400 at once \
                    and 40 a second. A longer message ends the connection with 1009, more of them with 3013. \
                    Error 111 of `connect` and `subscribe` passes: try again later. A request that is not the opening \
                    of a WebSocket of version 13 gets 426.
                    """,
                access: .anyone, limit: .free,
                answers: [
                    Operation.Answer(status: 101, description: "The connection is a WebSocket."),
                    Operation.Answer(status: 426, description: "This address takes WebSockets only."),
                ], problems: [403, 429]),
        ]
    }

    private static var processOperations: [Operation] {
        func get(_ path: String, id: String, summary: String, _ answers: [Operation.Answer]) -> Operation {
            Operation(
                method: "get", path: path, id: id, tag: "process", summary: summary, access: .anyone, limit: .free,
                answers: answers)
        }
        func body(_ description: String, _ type: String, _ schema: String) -> Operation.Answer {
            Operation.Answer(status: 200, description: description, content: (type, schema))
        }
        return [
            get("/healthz", id: "health", summary: "Does the process live?", [.json("Health", "Yes.")]),
            get(
                "/readyz", id: "readiness", summary: "Can it serve?",
                [.json("Health", "Yes."), .json("Health", "No: `missing` names what is not there.", status: 503)]),
            get(
                "/metrics", id: "metrics", summary: "Metrics for Prometheus",
                [body("The text format.", "text/plain", "{\"type\":\"string\"}")]),
            get(
                "/openapi.json", id: "description", summary: "This document",
                [body("OpenAPI 3.1.", "application/json", "{\"type\":\"object\"}")]),
            get(
                "/", id: "page", summary: "The demo page",
                [
                    body("The page.", "text/html", "{\"type\":\"string\"}"),
                    .init(status: 304, description: "The page is the one with the tag in `If-None-Match`."),
                ]),
        ]
    }
}
