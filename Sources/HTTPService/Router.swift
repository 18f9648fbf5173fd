public import Core
public import Sockets

/// Finds the operation of a request, checks what it declares, and has it answered.
public struct Router: Sendable {
    public struct Options: Sendable {
        /// Off for benchmarks only.
        public var limitsAreOn = true
        public var trustedProxies = TrustedProxies()
        public var budget: ByteBudget
        /// For the rates.
        public var clock: any MonotonicClock = SystemClock()

        public init(budget: ByteBudget) {
            self.budget = budget
        }
    }

    /// What is at the address of a request.
    enum Found {
        /// - Parameter places: of the placeholders' values, in the bytes of the path.
        case route(Route, places: [Range<Int>])
        /// - Parameter allow: what the address takes.
        case wrongMethod(allow: [String])
        case nothing
    }

    public let operations: [Operation]
    let options: Options
    let authenticator: any Authenticator
    let limiter: RateLimiter
    private let trie: Trie<Route>
    private let responses = (1...5).map { hundred in
        Metrics.shared.counter(.responses, "class=\"\(hundred)xx\"")
    }

    /// - Parameter operations: no two of one method and path, or of one name.
    public init(operations: [Operation], authenticator: any Authenticator, options: Options) {
        self.operations = operations
        self.authenticator = authenticator
        self.options = options
        limiter = RateLimiter(name: "rates", clock: options.clock)
        var trie = Trie<Route>()
        var names: Set<String> = []
        for operation in operations {
            let place = "\(operation.method.rawValue) \(operation.path.template)"
            precondition(names.insert(operation.id).inserted, "two operations are called \(operation.id)")
            precondition(names.insert(place).inserted, "there are two of \(place)")
            trie.insert(Route(operation), at: operation.path)
        }
        self.trie = trie
    }

    // MARK: Which operation

    func find(_ request: HTTPRequest) -> Found {
        var found: (route: Route, places: [Range<Int>])?
        var others: [Route] = []
        // A path that is written out is no other's placeholder, whatever the method.
        trie.look(request.path) { routes, places in
            if let route = routes.first(where: { $0.takes(request.method) }) { found = (route, places) }
            others = routes
            return true
        }
        if let found { return .route(found.route, places: found.places) }
        return others.isEmpty ? .nothing : .wrongMethod(allow: others.flatMap(\.methods))
    }

    /// What an address takes; empty where there is nothing.
    public func methods(at path: String) -> [String] {
        var all: [Route] = []
        trie.look(path) { routes, _ in
            all = routes
            return true
        }
        return all.flatMap(\.methods)
    }

    /// The paths at which a GET opens a WebSocket and nothing else.
    public var webSocketPaths: Set<String> {
        Set(operations.filter { if case .webSocket = $0.transport { true } else { false } }.map(\.path.template))
    }

    // MARK: The response

    /// Answers one request, whatever it asks for, without a socket.
    public func respond(to request: HTTPRequest) async -> HTTPResponse {
        switch find(request) {
        case .route(let route, let places): await respond(to: request, route, places)
        case .wrongMethod(let allow): refuse(request, Self.wrongMethod(allow))
        case .nothing: refuse(request, Self.nothing)
        }
    }

    static let nothing = Problem(.notFound, "there is nothing at this address")

    static func wrongMethod(_ allow: [String]) -> Problem {
        Problem(.methodNotAllowed, "this address takes \(allow.joined(separator: ", "))", allow: allow)
    }

    /// To a request that is no operation's.
    func refuse(_ request: HTTPRequest, _ problem: Problem) -> HTTPResponse {
        let requestID = request.requestID
        return finish(.problem(problem, requestID: requestID), requestID: requestID, route: "none")
    }

    /// Never throws: what goes wrong is a response.
    func respond(to request: HTTPRequest, _ route: Route, _ places: [Range<Int>]) async -> HTTPResponse {
        let started = monotonicNanoseconds()
        let requestID = request.requestID
        let response: Response
        do {
            response = try await answer(request, requestID, route, places)
        } catch {
            response = Self.failure(error, requestID: requestID)
        }
        route.duration.observe(nanoseconds: monotonicNanoseconds() - started)
        return finish(response, requestID: requestID, route: route.name)
    }

    private func answer(
        _ request: HTTPRequest, _ requestID: String, _ route: Route, _ places: [Range<Int>]
    ) async throws -> Response {
        let context = try context(of: request, requestID, route, places)
        switch route.operation.transport {
        case .response(let handler), .longPoll(_, let handler):
            let largest = route.operation.largest
            guard largest > 0 else { return try await handler(context) }
            let held = try context.hold(largest)
            var response = try await handler(context)
            response.held = held
            return response
        case .eventStream, .webSocket:
            // Only the dispatcher has the socket that these go over.
            throw Self.nothing
        }
    }

    private func finish(_ response: Response, requestID: String, route: String) -> HTTPResponse {
        responses[min(max(response.status / 100, 1), 5) - 1].add()
        let fields: KeyValuePairs<String, Log.Field> = [
            "request_id": .text(requestID), "route": .text(route), "status": .number(Int64(response.status)),
        ]
        if response.status >= 500 { Log.error(.requestDone, fields) } else { Log.debug(.requestDone, fields) }
        return response.http(requestID: requestID)
    }

    /// A problem, or something below failed: what may pass is 503, the rest is 500 and a bug.
    static func failure(_ error: any Error, requestID: String) -> Response {
        if let problem = error as? Problem ?? Overload.problem(for: error) {
            return .problem(problem, requestID: requestID)
        }
        Log.error(.requestFailed, ["request_id": .text(requestID), "error": .text("\(error)")])
        let bug = Problem(.failed, "this is a bug: the log has more under the request's id")
        return .problem(bug, requestID: requestID)
    }
}
