import HTTPService

extension OpenAPI {
    static let info = object([
        ("title", text("Martlet")), ("version", text("1.0.0")),
        ("summary", text("A live social feed")),
        (
            "description",
            text(
                """
                Ids are strings of decimal digits, times RFC 3339 in UTC with milliseconds. What is absent is left \
                out, never `null`. An unknown key in a body and an unknown query parameter get 400 with their name. \
                Later versions may add keys to answers: ignore those you don't know.

                Errors are `application/problem+json`; `code` is stable. Writes take an `Idempotency-Key`. Where there \
                is a GET, HEAD works too. What is not a valid request of HTTP/1.1 gets 400, and where HTTP has a \
                status of its own 408, 417, 501 or 505. A body is taken as it is: with a `Content-Encoding` but \
                `identity` it gets 415. A 500 is a bug.

                Pages of other sites may call where the server's settings name their origin: a preflight of any \
                address gets 204 then, and every answer can be read.
                """)
        ),
    ])

    static let tags = array(
        [
            ("accounts", "Sign-up, log-in, tokens"), ("users", "Users and who follows whom"), ("posts", "Posts"),
            ("feed", "The caller's feed: pages and long poll"), ("live", "The feed as it happens: these do not end"),
            ("process", "For operators"),
        ].map { object([("name", text($0)), ("description", text($1))]) })

    static let securitySchemes = #"""
        {
            "bearer": {
                "type": "http", "scheme": "bearer", "bearerFormat": "JWT",
                "description": "The access token of a session; it lasts 15 minutes."
            },
            "ticket": {
                "type": "apiKey", "in": "query", "name": "ticket",
                "description": "From `POST /v1/live/ticket`, good for 30 s."
            }
        }
        """#

    static let parameters = #"""
        {
            "XRequestId": {
                "name": "X-Request-Id", "in": "header", "schema": {"type": "string"},
                "description": "1 to 64 of A-Z, a-z, 0-9, dot, underscore and hyphen; anything else is replaced. It \#
        is in the answer, and follows an event to the socket's log line."
            },
            "Traceparent": {
                "name": "traceparent", "in": "header", "schema": {"type": "string"},
                "description": "W3C Trace Context, version 00; passed on. Anything else is left out."
            },
            "IdempotencyKey": {
                "name": "Idempotency-Key", "in": "header",
                "schema": {"type": "string", "pattern": "^[!-~]{1,128}$"},
                "description": "Kept 24 h for the caller and the kind of write. The same request again gets the \#
        first answer, byte for byte; another request 409 `idempotency_conflict`; while the first is still running \#
        409 `conflict`. Of a caller who is not signed in, a key belongs to the one request: another request is a new one. \#
        An answer with tokens comes again while its session lives."
            },
            "IfNoneMatch": {
                "name": "If-None-Match", "in": "header", "schema": {"type": "string"},
                "description": "The `ETag` of the page that the caller has."
            },
            "LastEventId": {
                "name": "Last-Event-ID", "in": "header", "schema": {"type": "string"},
                "description": "The id of the last event received; goes before `lastEventId` and `since`. One that \#
        can't be read or used is no error: the stream begins with `reset`."
            },
            "LastEventIdQuery": {
                "name": "lastEventId", "in": "query", "schema": {"type": "string"},
                "description": "As `Last-Event-ID`, for clients that can't set headers."
            },
            "Id": {
                "name": "id", "in": "path", "required": true, "schema": {"$ref": "#/components/schemas/Id"}
            },
            "Handle": {
                "name": "handle", "in": "path", "required": true, "schema": {"$ref": "#/components/schemas/GivenHandle"}
            },
            "Limit": {
                "name": "limit", "in": "query",
                "schema": {"type": "integer", "minimum": 1, "maximum": 100, "default": 30},
                "description": "How many items at most. A list also ends at 256 KB: `next` tells whether there is more."
            },
            "Cursor": {
                "name": "cursor", "in": "query", "schema": {"$ref": "#/components/schemas/Cursor"},
                "description": "`next` of the page before: of this list and for this caller, else 400 `invalid_cursor`."
            },
            "Since": {
                "name": "since", "in": "query", "schema": {"$ref": "#/components/schemas/Cursor"},
                "description": "A position: `live` of an answer, the id of an event. Another caller's gets 400 \#
        `invalid_cursor`."
            },
            "StreamSince": {
                "name": "since", "in": "query", "schema": {"type": "string"},
                "description": "The position to go live from: `live` of a page. Without it and an id of a last event: \#
        from now on. One that can't be read or used is no error: the stream begins with `reset`."
            },
            "Wait": {
                "name": "wait", "in": "query",
                "schema": {"type": "integer", "minimum": 0, "maximum": 55, "default": 0},
                "description": "Seconds to hold the request until there is something, 45 at most: 46 to 55 are taken \#
        as 45. Only with `since`."
            }
        }
        """#

    static let headers = #"""
        {
            "X-Request-Id": {
                "required": true, "schema": {"type": "string", "pattern": "^[A-Za-z0-9._-]{1,64}$"},
                "description": "Names the request in the logs."
            },
            "Idempotency-Replayed": {
                "schema": {"const": "true"}, "description": "This is the first answer again."
            },
            "Location": {
                "required": true, "schema": {"type": "string", "pattern": "^/v1/posts/[0-9]{1,16}$"},
                "description": "Where the post is."
            },
            "ETag": {
                "schema": {"type": "string"}, "description": "Stands for the posts of a page; not with `since`."
            },
            "Retry-After": {
                "schema": {"type": "integer", "minimum": 1}, "description": "Seconds to wait before another try."
            },
            "Allow": {
                "required": true, "schema": {"type": "string"}, "description": "The methods that this address takes."
            },
            "Accept-Encoding": {
                "schema": {"const": "identity"}, "description": "There when the body's content coding was refused."
            },
            "WWW-Authenticate": {
                "required": true, "schema": {"type": "string", "pattern": "^Bearer"}, "description": "Always `Bearer`."
            }
        }
        """#
}
