import Core
import HTTPService
import Realtime
import Runtime
import Sockets

/// What comes in through the socket: live connections go to the live service, the rest to the router. On the sockets'
/// loop.
final class FrontDoor: ServerHandler {
    private let loop: EventLoop
    private let router: Router
    private let live: LiveService?
    private let crossOrigin: CrossOrigin
    private let admission: Admission
    private let polls: Polls

    private final class Polls {
        let limit: Int
        let gauge: Gauge
        var count = 0 { didSet { gauge.set(count) } }

        init(limit: Int) {
            self.limit = limit
            gauge = Metrics.shared.queue("long_polls", limit: limit)
        }
    }

    /// - Parameters:
    ///   - live: `nil` in a process without the role `realtime`.
    ///   - maxPolls: how many long polls may wait.
    init(
        loop: EventLoop, router: Router, live: LiveService?, crossOrigin: CrossOrigin,
        admitsWrites: @escaping () -> Bool, maxPolls: Int
    ) {
        self.loop = loop
        self.router = router
        self.live = live
        self.crossOrigin = crossOrigin
        admission = Admission(admitsWrites: admitsWrites)
        polls = Polls(limit: maxPolls)
    }

    func received(_ request: HTTPRequest, _ exchange: HTTPExchange) {
        if CrossOrigin.isPreflight(request), let answer = preflight(request) {
            return exchange.respond(answer.response(requestID: Router.requestID(request)))
        }
        if let live, Self.livePaths.containsExactly(request.path) { return receivedLive(request, exchange, live) }
        // The operator's questions are answered when nothing else is.
        if OperationRoutes.paths.containsExactly(request.path) {
            _ = answer(request, exchange, .high) {}
        } else if request.query.contains(where: { $0.name.isExactly("wait") && !$0.value.isExactly("0") }) {
            poll(request, exchange)
        } else {
            serve(request, exchange)
        }
    }

    // MARK: Live connections

    private static let livePaths = [LiveService.eventStreamPath, LiveService.webSocketPath]
    private static let liveMethods = ["GET", "HEAD"]

    private func receivedLive(_ request: HTTPRequest, _ exchange: HTTPExchange, _ live: LiveService) {
        if !Self.liveMethods.contains(request.method) {
            exchange.respond(Self.wrongMethod(request))
        } else if crossOrigin.accepts(request) {
            live.openStream(request, exchange, from: router.callerAddress(request))
        } else {
            exchange.respond(Self.foreignOrigin(request))
        }
    }

    private func preflight(_ request: HTTPRequest) -> Answer? {
        let isLive = live != nil && Self.livePaths.containsExactly(request.path)
        let methods = isLive ? Self.liveMethods : router.methods(at: request.path)
        return methods.isEmpty ? nil : crossOrigin.preflight(request, methods: methods)
    }

    // MARK: Requests

    private func serve(_ request: HTTPRequest, _ exchange: HTTPExchange) {
        let kind = Admission.Kind(request)
        let came = monotonicNanoseconds()
        if let problem = admission.refuse(kind, path: request.path, now: came) {
            return exchange.respond(Self.answer(problem, request))
        }
        let admission = LoopBound.holding(admission, on: loop)
        _ = answer(request, exchange) {
            admission.run { $0.finished(kind, came: came, now: monotonicNanoseconds()) }
        }
    }

    /// It waits, it doesn't work. How many there are of a user is limited, too.
    private func poll(_ request: HTTPRequest, _ exchange: HTTPExchange) {
        guard polls.count < polls.limit else {
            let problem = Problem(.overloaded, "too many wait: try again", retryAfter: 2)
            return exchange.respond(Self.answer(problem, request))
        }
        polls.count += 1
        let polls = LoopBound.holding(polls, on: loop)
        let task = answer(request, exchange) { polls.run { $0.count -= 1 } }
        // Nobody waits any more for what it would bring.
        exchange.onClose = { task.cancel() }
    }

    private func answer(
        _ request: HTTPRequest, _ exchange: HTTPExchange, _ priority: TaskPriority = .medium,
        then finish: @escaping @Sendable () -> Void
    ) -> Task<Void, Never> {
        let handle = exchange.handle
        return Task(priority: priority) { [router] in
            handle.respond(await router.answer(request))
            finish()
        }
    }

    func commonHeaders(origin: String?) -> [(String, String)] { crossOrigin.headers(origin: origin) }

    func refused(_ error: HTTPRequestError, remoteAddress: String) -> HTTPResponse {
        .refusal(error)
    }

    func isProxy(_ peer: IPAddress) -> Bool { router.isProxy(peer) }
    func client(of request: HTTPRequest) -> IPAddress? { router.client(of: request) }

    func upgrade(_ request: HTTPRequest) -> UpgradeVerdict {
        guard let live else { return .refuse(Self.answer(Problem(.notFound, "no live feed here"), request)) }
        guard crossOrigin.accepts(request) else { return .refuse(Self.foreignOrigin(request)) }
        if let refusal = live.refusal(of: router.callerAddress(request)) {
            return .refuse(Self.answer(refusal, request))
        }
        let isOffered = request.headers.hasToken("centrifuge-json", in: "sec-websocket-protocol")
        return .accept(subprotocol: isOffered ? "centrifuge-json" : nil)
    }

    func opened(_ socket: WebSocket, _ request: HTTPRequest) {
        live?.opened(socket, from: router.callerAddress(request))
    }

    private static func foreignOrigin(_ request: HTTPRequest) -> HTTPResponse {
        answer(Problem(.forbidden, "pages of this origin may not use the live feed", field: "Origin"), request)
    }

    private static func wrongMethod(_ request: HTTPRequest) -> HTTPResponse {
        answer(Problem(.methodNotAllowed, "this address takes GET, HEAD", allow: liveMethods), request)
    }

    private static func answer(_ problem: Problem, _ request: HTTPRequest) -> HTTPResponse {
        let requestID = Router.requestID(request)
        return Answer.problem(problem, requestID: requestID).response(requestID: requestID)
    }
}
