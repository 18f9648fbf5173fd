import Core
import Crypto
import HTTPService

/// The demo page's files, read once.
enum PageRoutes {
    /// By the end of a name; no other files are served.
    static let types = [
        "html": "text/html; charset=utf-8", "js": "text/javascript; charset=utf-8", "css": "text/css; charset=utf-8",
        "svg": "image/svg+xml", "png": "image/png", "json": "application/json", "ico": "image/x-icon",
        "txt": "text/plain; charset=utf-8",
    ]

    private static let policy =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        + "object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

    static func routes(_ page: Page) -> [Route] {
        page.files().flatMap { file in
            let type = types[file.type]!
            return [route("/" + file.name, type, file.bytes)]
                + (file.name == "index.html" ? [route("/", type, file.bytes)] : [])
        }
    }

    private static func route(_ path: String, _ type: String, _ body: [UInt8]) -> Route {
        let tag = "\"\(Base64URL.encode(Crypto.sha256(body).prefix(12)))\""
        let headers = [
            ("Content-Type", type), ("ETag", tag), ("Cache-Control", "no-cache"), ("Content-Security-Policy", policy),
            ("Referrer-Policy", "no-referrer"), ("X-Frame-Options", "DENY"),
        ]
        return Route("GET", path, .anyone, .free) { scope in
            scope.request.has(tag: tag)
                ? Answer(status: 304, headers: headers) : Answer(status: 200, headers: headers, body: body)
        }
    }
}
