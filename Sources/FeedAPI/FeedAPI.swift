public import DomainKit
public import HTTPService

/// The role `api`: what the domains serve, and what goes for all of it.
public enum FeedAPI {
    public static func operations(_ domains: [any Domain]) -> [Operation] {
        domains.flatMap(\.operations)
    }

    public static let info = Document.Info(
        title: "Martlet", version: "1.0.0", summary: "A live social feed",
        description: """
            Ids are strings of decimal digits, times RFC 3339 in UTC with milliseconds. What is absent is left out, never \
            `null`. An unknown key in a body and an unknown query parameter get 400 with their name. Later versions may \
            add keys to responses, codes to problems and kinds of events: ignore what you don't know.

            Errors are `application/problem+json`; `code` is stable. Writes take an `Idempotency-Key`. Where there is a \
            GET, HEAD works too. A body is taken as it is: with a `Content-Encoding` but `identity` it gets 415.

            What is no request of one of these operations is told in the same form: 404 `not_found` at an address that \
            is none, 405 `method_not_allowed` with `Allow`, 400 for what is not a valid request of HTTP/1.1, and where \
            HTTP has a status of its own 408, 413, 417, 431, 501 or 505; 503 where there are too many connections. A 500 \
            `internal` is a bug.

            Pages of other sites may call where the server's settings name their origin: a preflight of any address gets \
            204 then, and every response can be read.
            """)
}
