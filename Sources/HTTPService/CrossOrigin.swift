public import Core
public import Sockets

/// Browsers with pages of other sites: which may use the service, and what they are told (the Fetch standard, "CORS
/// protocol"). One value for all routes and for every response, also for one that no route has made.
public struct CrossOrigin: Sendable {
    /// What a page may send.
    public static let requestHeaders = [
        "Authorization", "Content-Type", "Content-Encoding", "Idempotency-Key", "If-Match", "If-None-Match", "If-Range",
        "Last-Event-ID", "Range", "Cache-Control", "Pragma", "X-Request-Id", "X-Requested-With", "traceparent",
        "tracestate",
    ]
    /// What a page may read.
    public static let exposedHeaders = [
        "ETag", "Location", "Retry-After", "X-Request-Id", "Idempotency-Replayed", "Allow", "WWW-Authenticate",
        "Accept-Encoding", "Accept-Ranges", "Content-Disposition", "Content-Range", "Date",
    ]
    /// For how many seconds a browser may remember a preflight.
    private static let maxAge = "600"

    private let origins: Set<Origin>
    private let proxies: TrustedProxies

    /// - Parameters:
    ///   - origins: other sites whose pages may use everything.
    ///   - proxies: those whose `X-Forwarded-Proto` is believed.
    public init(origins: Set<Origin>, proxies: TrustedProxies) {
        self.origins = origins
        self.proxies = proxies
    }

    // MARK: What is told

    /// For every response. It differs by origin also where nothing is allowed: no cache may give one site's to another.
    /// - Parameter origin: the request's one `Origin`.
    public func headers(origin: String?) -> [(String, String)] {
        guard let origin, isAllowed(origin) else { return [("Vary", "Origin")] }
        return [
            ("Vary", "Origin"), ("Access-Control-Allow-Origin", origin),
            ("Access-Control-Expose-Headers", Self.exposedHeaders.joined(separator: ", ")),
        ]
    }

    public static func isPreflight(_ request: HTTPRequest) -> Bool {
        request.method == "OPTIONS" && request.headers.first("access-control-request-method") != nil
    }

    /// - Parameter methods: of the path.
    /// - Returns: `nil` where the origin may not ask.
    public func preflight(_ request: HTTPRequest, methods: [String]) -> Response? {
        guard let origin = request.headers.only("origin"), isAllowed(origin) else { return nil }
        return Response(
            status: 204,
            headers: [
                ("Access-Control-Allow-Methods", methods.joined(separator: ", ")),
                ("Access-Control-Allow-Headers", Self.requestHeaders.joined(separator: ", ")),
                ("Access-Control-Max-Age", Self.maxAge),
            ])
    }

    private func isAllowed(_ origin: String) -> Bool {
        guard !origins.isEmpty, let origin = Origin(origin) else { return false }
        return origins.contains(origin)
    }

    // MARK: Who may connect

    /// May a page of this origin use the live connections? One without an `Origin` is no browser.
    public func accepts(_ request: HTTPRequest) -> Bool {
        let given = request.headers.all("origin")
        guard let first = given.first else { return true }
        guard given.count == 1, let origin = Origin(first) else { return false }
        return origins.contains(origin) || isOwn(origin, request)
    }

    /// The schemes that the server's own pages may have: a trusted proxy tells. Without one nobody knows whether TLS
    /// ended before this process.
    private func isOwn(_ origin: Origin, _ request: HTTPRequest) -> Bool {
        guard let host = request.headers.first("host") else { return false }
        // The last word is the proxy's; what comes before it may be the client's.
        let told = request.headers.all("x-forwarded-proto").last?.split(separator: ",").last
            .flatMap { Origin.Scheme(rawValue: $0.filter { $0 != " " && $0 != "\t" }.lowercased()) }
        if let told, proxies.contain(request.remoteAddress), origin.scheme != told { return false }
        return Origin(scheme: origin.scheme, authority: host) == origin
    }
}
