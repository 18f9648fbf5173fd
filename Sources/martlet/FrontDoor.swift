import Core
import HTTPService
import Realtime
import Runtime
import Sockets
import Wire

/// What comes in through the socket: live connections go to the live service, the rest to the router. On the sockets'
/// loop.
final class FrontDoor: ServerHandler {
    /// Requests in work; more are told to come back.
    private static let maxInFlight = 2000
    private let loop: EventLoop
    private let router: Router
    private let live: LiveService?
    private let inFlight = InFlight()
    private let gauge = Metrics.shared.gauge("martlet_http_in_flight", help: "Requests in work")

    private final class InFlight {
        var count = 0
    }

    /// - Parameter live: `nil` in a process without the role `realtime`.
    init(loop: EventLoop, router: Router, live: LiveService?) {
        self.loop = loop
        self.router = router
        self.live = live
    }

    func received(_ request: HTTPRequest, _ exchange: HTTPExchange) {
        if request.path == LiveService.eventStreamPath, request.method == "GET", let live {
            guard router.acceptsOrigin(of: request) else { return exchange.respond(Self.foreignOrigin(request)) }
            return live.openStream(request, exchange, headers: router.crossOrigin(request))
        }
        if request.path == LiveService.webSocketPath || request.path == LiveService.eventStreamPath, live != nil {
            return exchange.respond(Self.wrongMethod(request))
        }
        // The operator's questions are answered when nothing else is. A long poll waits, it doesn't work; how many there
        // are is limited for each user, and by the connections.
        let isPoll = request.query.contains { $0.name == "wait" }
        let isCounted = !isPoll && !OperationRoutes.paths.contains(request.path)
        guard !isCounted || inFlight.count < Self.maxInFlight else {
            let problem = Problem(.overloaded, "too many requests are in work", retryAfter: 1)
            return exchange.respond(Self.answer(problem, request))
        }
        inFlight.count += isCounted ? 1 : 0
        gauge.set(inFlight.count)
        let router = router
        let handle = exchange.handle
        let counter = LoopBound.holding(inFlight, on: loop)
        let task = Task {
            let response = await router.answer(request)
            handle.respond(response)
            if isCounted { counter.run { $0.count -= 1 } }
        }
        // Nobody waits any more for what a poll would bring.
        if isPoll { exchange.onClose = { task.cancel() } }
    }

    func refused(_ error: HTTPRequestError, remoteAddress: String) -> HTTPResponse {
        .refusal(error)
    }

    func upgrade(_ request: HTTPRequest) -> UpgradeVerdict {
        guard live != nil else { return .refuse(Self.answer(Problem(.notFound, "no live feed here"), request)) }
        guard router.acceptsOrigin(of: request) else { return .refuse(Self.foreignOrigin(request)) }
        let offered = request.headers.all("sec-websocket-protocol").joined(separator: ",").split(separator: ",")
            .map { $0.filter { $0 != " " && $0 != "\t" } }
        return .accept(subprotocol: offered.contains("centrifuge-json") ? "centrifuge-json" : nil)
    }

    func opened(_ socket: WebSocket, _ request: HTTPRequest) {
        live?.opened(socket)
    }

    private static func foreignOrigin(_ request: HTTPRequest) -> HTTPResponse {
        answer(Problem(.forbidden, "pages of this origin may not use the live feed", field: "Origin"), request)
    }

    private static func wrongMethod(_ request: HTTPRequest) -> HTTPResponse {
        answer(Problem(.methodNotAllowed, "this address takes GET", allow: ["GET"]), request)
    }

    private static func answer(_ problem: Problem, _ request: HTTPRequest) -> HTTPResponse {
        let requestID = Router.requestID(request)
        return Answer.problem(problem, requestID: requestID).response(requestID: requestID)
    }
}
