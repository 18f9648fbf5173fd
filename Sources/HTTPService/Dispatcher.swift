public import Core
public import Runtime
public import Sockets

/// What comes in through the sockets: finds the operation of each request, once, and gives it the way that its transport and
/// its lane have. Preflights, and whose pages may do what, are dealt with here for all. On the sockets' loop.
public final class Dispatcher: ServerHandler {
    private let loop: EventLoop
    private let router: Router
    private let crossOrigin: CrossOrigin
    private let proxies: TrustedProxies
    private let admission: Admission
    private let polls: PollLimit

    /// - Parameters:
    ///   - admission: of all loops.
    ///   - polls: the same.
    public init(
        loop: EventLoop, router: Router, crossOrigin: CrossOrigin, admission: Admission, polls: PollLimit
    ) {
        self.loop = loop
        self.router = router
        self.crossOrigin = crossOrigin
        proxies = router.options.trustedProxies
        self.admission = admission
        self.polls = polls
    }

    public func received(_ request: HTTPRequest, _ exchange: HTTPExchange) {
        if CrossOrigin.isPreflight(request), let response = preflight(request) {
            return exchange.respond(response.http(requestID: request.requestID))
        }
        switch router.find(request) {
        case .nothing: exchange.respond(router.refuse(request, Router.nothing))
        case .wrongMethod(let allow): exchange.respond(router.refuse(request, Router.wrongMethod(allow)))
        case .route(let route, let places): dispatch(request, exchange, route, places)
        }
    }

    private func dispatch(_ request: HTTPRequest, _ exchange: HTTPExchange, _ route: Route, _ places: [Range<Int>]) {
        switch route.operation.transport {
        case .response: serve(request, exchange, route, places)
        case .longPoll(let parameter, _):
            if let value = request.parameter(parameter.name), !value.isExactly("0") {
                poll(request, exchange, route, places)
            } else {
                serve(request, exchange, route, places)
            }
        case .eventStream(let handler): openStream(request, exchange, route, places, handler)
        // Handshakes go to `upgrade`.
        case .webSocket: exchange.respond(.refusal(.init(.upgradeRequired, "This path takes WebSockets only.")))
        }
    }

    private func preflight(_ request: HTTPRequest) -> Response? {
        let methods = router.methods(at: request.path)
        return methods.isEmpty ? nil : crossOrigin.preflight(request, methods: methods)
    }

    // MARK: Responses with an end

    private func serve(_ request: HTTPRequest, _ exchange: HTTPExchange, _ route: Route, _ places: [Range<Int>]) {
        let lane = route.operation.lane
        guard lane != .free else { return _ = answer(request, exchange, route, places, .high) {} }
        let came = monotonicNanoseconds()
        if let problem = admission.refuse(lane, now: came) {
            return exchange.respond(.problem(problem, to: request))
        }
        _ = answer(request, exchange, route, places) { [admission] in
            admission.finished(lane, came: came, now: monotonicNanoseconds())
        }
    }

    /// It waits, it doesn't work. How many there are of a user is limited, too.
    private func poll(_ request: HTTPRequest, _ exchange: HTTPExchange, _ route: Route, _ places: [Range<Int>]) {
        guard polls.take() else {
            let problem = Problem(.overloaded, "too many wait: try again", retryAfter: 2)
            return exchange.respond(.problem(problem, to: request))
        }
        let task = answer(request, exchange, route, places) { [polls] in polls.give() }
        // Nobody waits any more for what it would bring.
        exchange.onClose = { task.cancel() }
    }

    private func answer(
        _ request: HTTPRequest, _ exchange: HTTPExchange, _ route: Route, _ places: [Range<Int>],
        _ priority: TaskPriority = .medium, then finish: @escaping @Sendable () -> Void
    ) -> Task<Void, Never> {
        let handle = exchange.handle
        return Task(priority: priority) { [router] in
            handle.respond(await router.respond(to: request, route, places))
            finish()
        }
    }

    // MARK: Live connections

    private func openStream(
        _ request: HTTPRequest, _ exchange: HTTPExchange, _ route: Route, _ places: [Range<Int>],
        _ handler: EventStreamHandler
    ) {
        guard crossOrigin.accepts(request) else { return exchange.respond(Self.foreignOrigin(request)) }
        let requestID = request.requestID
        if let problem = handler.refusal(proxies.callerAddress(of: request)) {
            return exchange.respond(handler.refused(problem, request, requestID))
        }
        let handle = exchange.handle
        Task { [router] in
            do {
                let context = try router.context(of: request, requestID, route, places)
                try await handler.open(context, handle)
            } catch {
                let problem =
                    error as? Problem ?? Overload.problem(for: error)
                    ?? Problem(.overloaded, "try again", retryAfter: 1)
                handle.respond(handler.refused(problem, request, requestID))
            }
        }
    }

    public func upgrade(_ request: HTTPRequest) -> UpgradeVerdict {
        guard let handler = webSocketHandler(request) else { return .refuse(router.refuse(request, Router.nothing)) }
        guard crossOrigin.accepts(request) else { return .refuse(Self.foreignOrigin(request)) }
        if let refusal = handler.refusal(proxies.callerAddress(of: request)) {
            return .refuse(.problem(refusal, to: request))
        }
        return .accept(subprotocol: handler.subprotocol(for: request).map { "\($0)" })
    }

    public func opened(_ socket: WebSocket, _ request: HTTPRequest) {
        guard let handler = webSocketHandler(request) else { return }
        handler.opened(socket, handler.subprotocol(for: request), proxies.callerAddress(of: request))
    }

    private func webSocketHandler(_ request: HTTPRequest) -> WebSocketHandler? {
        guard case .route(let route, _) = router.find(request), case .webSocket(let handler) = route.operation.transport
        else { return nil }
        return handler
    }

    private static func foreignOrigin(_ request: HTTPRequest) -> HTTPResponse {
        .problem(
            Problem(.forbidden, "pages of this origin may not use the live feed", field: "Origin"), to: request)
    }

    // MARK: What goes for all

    public func commonHeaders(origin: String?) -> [(String, String)] { crossOrigin.headers(origin: origin) }
    public func refused(_ error: HTTPRequestError, remoteAddress: String) -> HTTPResponse { .refusal(error) }
    public func isProxy(_ peer: IPAddress) -> Bool { proxies.contain(peer) }
    public func client(of request: HTTPRequest) -> IPAddress? { proxies.client(of: request) }
}

@available(*, unavailable)
extension Dispatcher: Sendable {}
