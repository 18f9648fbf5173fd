public import Core
import Crypto
public import Sockets

/// Finds the route of a request, checks what every route wants checked, and answers.
public struct Router: Sendable {
    public struct Options: Sendable {
        /// Off for benchmarks only.
        public var limitsAreOn = true
        public var trustedProxies = TrustedProxies()
        public var budget: ByteBudget

        public init(budget: ByteBudget) {
            self.budget = budget
        }
    }

    private let routes: [Route]
    private let authenticator: any Authenticator
    private let options: Options
    private let limiter = RateLimiter(name: "rates")
    private let duration: [String: Histogram]
    private let responses = (1...5).map { hundred in
        Metrics.shared.counter(
            "martlet_http_responses_total", "class=\"\(hundred)xx\"", help: "Answers by status class")
    }

    public init(routes: [Route], authenticator: any Authenticator, options: Options) {
        self.routes = routes
        self.authenticator = authenticator
        self.options = options
        duration = Dictionary(
            routes.map { route in
                (
                    route.method + route.pattern,
                    Metrics.shared.histogram(
                        "martlet_http_request_seconds", "method=\"\(route.method)\",route=\"\(route.pattern)\"",
                        help: "Time from a whole request to its answer")
                )
            }, uniquingKeysWith: { first, _ in first })
    }

    /// Never throws: what goes wrong is an answer.
    public func answer(_ request: HTTPRequest) async -> HTTPResponse {
        let started = monotonicNanoseconds()
        let requestID = Self.requestID(request)
        let found = find(request)
        let answer: Answer
        do {
            answer = try await serve(request, requestID, found)
        } catch let problem as Problem {
            answer = .problem(problem, requestID: requestID)
        } catch {
            answer = Self.failure(error, requestID: requestID)
        }
        if case .route(let route, _) = found {
            duration[route.method + route.pattern]?.observe(nanoseconds: monotonicNanoseconds() - started)
        }
        responses[min(max(answer.status / 100, 1), 5) - 1].add()
        let name: Log.Field = if case .route(let route, _) = found { .text(route.pattern) } else { "none" }
        if answer.status >= 500 {
            Log.error(
                "request", ["request_id": .text(requestID), "route": name, "status": .number(Int64(answer.status))])
        } else {
            Log.debug(
                "request", ["request_id": .text(requestID), "route": name, "status": .number(Int64(answer.status))])
        }
        return answer.response(requestID: requestID)
    }

    /// Something below failed: what may pass is 503, the rest is 500 and a bug.
    private static func failure(_ error: any Error, requestID: String) -> Answer {
        if let problem = Overload.problem(for: error) {
            return .problem(problem, requestID: requestID)
        }
        Log.error("request failed", ["request_id": .text(requestID), "error": .text("\(error)")])
        return .json(
            Array(
                """
                {"type":"/problems/internal","title":"The server failed","status":500,"code":"internal",\
                "detail":"this is a bug: the log has more under the request's id","request_id":"\(requestID)"}
                """.utf8), status: 500)
    }

    private enum Found {
        case route(Route, [String: String])
        case wrongMethod([String])
        case nothing
    }

    private func find(_ request: HTTPRequest) -> Found {
        let method = request.method == "HEAD" ? "GET" : request.method
        let matching = matches(request.path)
        if let (route, values) = matching.first(where: { $0.route.method == method }) { return .route(route, values) }
        let methods = Self.methods(matching)
        return methods.isEmpty ? .nothing : .wrongMethod(methods)
    }

    private func matches(_ path: String) -> [(route: Route, values: [String: String])] {
        let segments = path.dropFirst().split(separator: "/", omittingEmptySubsequences: false)
        return routes.compactMap { route in route.match(segments).map { (route, $0) } }
    }

    /// What an address takes, in the order of the routes; empty where there is nothing.
    public func methods(at path: String) -> [String] { Self.methods(matches(path)) }

    private static func methods(_ matching: [(route: Route, values: [String: String])]) -> [String] {
        matching.flatMap { $0.route.method == "GET" ? ["GET", "HEAD"] : [$0.route.method] }
    }

    private func serve(_ request: HTTPRequest, _ requestID: String, _ found: Found) async throws -> Answer {
        switch found {
        case .nothing: throw Problem(.notFound, "there is nothing at this address")
        case .wrongMethod(let methods):
            throw Problem(.methodNotAllowed, "this address takes \(methods.joined(separator: ", "))", allow: methods)
        case .route(let route, let values):
            let token = try authenticate(request, route.access)
            let address = callerAddress(request)
            try checkRate(route, token?.subject, address)
            try checkParameters(request, route)
            if route.method != "GET" { try request.checkBodyIsPlain() }
            let scope = RequestScope(
                request: request, requestID: requestID, path: values, token: token, address: address,
                holder: .init(address: client(of: request), user: token?.subject), budget: options.budget)
            let held = route.largest > 0 ? try scope.hold(route.largest) : nil
            var answer = try await route.handler(scope)
            if let held { answer.held = held }
            return answer
        }
    }

    // MARK: What every route wants checked

    private func authenticate(_ request: HTTPRequest, _ access: Route.Access) throws(Problem) -> AccessToken? {
        guard access != .anyone else { return nil }
        guard let token = try request.bearerToken() else {
            if access == .optional { return nil }
            throw Problem(.unauthenticated, "send an access token as Authorization: Bearer")
        }
        return try authenticator.authenticate(token)
    }

    private func checkRate(_ route: Route, _ user: ID?, _ address: String) throws(Problem) {
        guard options.limitsAreOn, route.limit != .free else { return }
        let kind = route.limit
        if let user {
            try take("\(kind.rawValue) u\(user)", RateLimits.user[kind]!)
            try take("\(kind.rawValue) c\(address)", RateLimits.crowd[kind]!)
        } else {
            try take("\(kind.rawValue) a\(address)", RateLimits.address[kind]!)
        }
        let name = route.method + route.pattern
        if let rate = RateLimits.routes[name] { try take("\(name) a\(address)", rate) }
    }

    private func take(_ key: String, _ rate: RateLimiter.Rate) throws(Problem) {
        guard let seconds = limiter.take(key, rate) else { return }
        throw Problem(.rateLimited, "too many requests: wait \(seconds) s", retryAfter: seconds)
    }

    private func checkParameters(_ request: HTTPRequest, _ route: Route) throws(Problem) {
        _ = try request.parameters(route.parameters)
    }

    /// Whose limits count the request: the client's address, of IPv6 the network, for a customer has all of it.
    public func callerAddress(_ request: HTTPRequest) -> String {
        caller(request)?.customer ?? request.remoteAddress
    }

    public func isProxy(_ address: IPAddress) -> Bool { options.trustedProxies.contain(address) }

    /// Who holds what the request takes; `nil` where a trusted proxy does not say for whom it asks.
    public func client(of request: HTTPRequest) -> IPAddress? {
        caller(request).flatMap { isProxy($0) ? nil : $0 }
    }

    /// Behind trusted proxies the last address that is not theirs; what stands before one that can't be read is not
    /// believed.
    private func caller(_ request: HTTPRequest) -> IPAddress? {
        guard var caller = IPAddress(request.remoteAddress) else { return nil }
        guard isProxy(caller) else { return caller }
        // No list of quoted strings: what a client puts before the proxy's part must not hide it. Nor may it cost anything.
        var rest = request.headers.all("x-forwarded-for").joined(separator: ",")[...]
        while !rest.isEmpty, isProxy(caller) {
            let comma = rest.utf8.lastIndex(of: UInt8(ascii: ","))
            let hop = comma.map { rest[$0...].dropFirst() } ?? rest
            rest = comma.map { rest[..<$0] } ?? ""
            // Nothing between two commas is no hop.
            if hop.isEmpty { continue }
            guard let address = IPAddress(forwarded: hop) else { break }
            caller = address
        }
        return caller
    }

    public static func requestID(_ request: HTTPRequest) -> String {
        if let given = request.headers.only("x-request-id"), RequestID.accepts(given) { return given }
        var generator = SystemRandomNumberGenerator()
        return String(generator.next() as UInt64 | 1 << 63, radix: 16)
    }
}
