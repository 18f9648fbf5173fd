public import Accounts
public import Core
public import Feed
public import HTTPService
import Live
public import RedisLink
public import Runtime
public import Sockets

/// The live side of a process, for the front door and for other threads: tickets, event streams, WebSockets, long
/// polls, drain.
public final class LiveService: Sendable {
    public static let webSocketPath = "/v1/live/ws"
    public static let eventStreamPath = "/v1/live/sse"

    let gateway: LoopBound<Gateway>
    private let redis: Redis
    private let writes: Writes
    private let accounts: Accounts
    private let revocations: Revocations
    private let cursors: CursorSigner
    private let ticketKey: [UInt8]
    let budget: JoinBudget
    private let clock: any WallClock

    /// - Parameters:
    ///   - loop: the loop of the sockets and of `redis`.
    ///   - ticketKey: 32 secret bytes, the same in all processes.
    public init(
        loop: EventLoop, options: GatewayOptions, redis: Redis, redisAddress: RedisAddress,
        writes: Writes, feeds: FeedReader, accounts: Accounts, revocations: Revocations, cursors: CursorSigner,
        ticketKey: [UInt8],
        clock: any WallClock
    ) {
        self.redis = redis
        self.writes = writes
        self.accounts = accounts
        self.revocations = revocations
        self.cursors = cursors
        self.ticketKey = ticketKey
        self.clock = clock
        let budget = JoinBudget(isOn: options.limitsAreOn)
        self.budget = budget
        let gateway = LoopBound(on: loop) {
            Gateway(
                loop: loop, options: options, redis: redis, redisAddress: redisAddress, feeds: feeds,
                accounts: accounts, revocations: revocations, cursors: cursors, ticketKey: ticketKey,
                budget: budget, clock: clock)
        }
        self.gateway = gateway
        revocations.observe { ended in gateway.run { $0.end(sessions: ended) } }
    }

    // MARK: On the loop

    /// A socket whose handshake is done.
    /// - Parameter address: whose limits count it.
    public func opened(_ socket: WebSocket, from address: String) {
        WebSocketClient.open(socket, on: gateway.value, from: address)
    }

    /// Why no socket of the address is let in now; on the loop. A gateway in front asks another process when this one goes
    /// down.
    public func refusal(of address: String) -> Problem? {
        if gateway.value.isDraining { return .goesDown }
        return budget.pay(address: address).map(JoinBudget.refusal)
    }

    /// Begins a stream of server-sent events, or answers why not. HEAD gets the head of the stream and opens none.
    /// - Parameter address: whose limits count it.
    public func openStream(_ request: HTTPRequest, _ exchange: HTTPExchange, from address: String) {
        let requestID = Router.requestID(request)
        // Before a token is looked at, or a query made.
        if let seconds = budget.pay(address: address) {
            return exchange.respond(StreamRefusal.response(JoinBudget.refusal(seconds), to: request, requestID))
        }
        let handle = exchange.handle
        Task {
            do {
                let opening = try await admit(request, requestID, from: address)
                handle.withExchange { [gateway] in EventStreamClient.open($0, opening, request, on: gateway.value) }
            } catch {
                let problem =
                    error as? Problem ?? Overload.problem(for: error)
                    ?? Problem(.overloaded, "try again", retryAfter: 1)
                handle.respond(StreamRefusal.response(problem, to: request, requestID))
            }
        }
    }

    // MARK: Who may open a stream

    private func admit(
        _ request: HTTPRequest, _ requestID: String, from address: String
    ) async throws -> StreamOpening {
        let values = try request.parameters(["ticket", "since", "lastEventId"])
        let given = GivenPosition(request, values)
        let isHead = request.method == "HEAD"
        if let text = values["ticket"] {
            guard let ticket = Ticket(text, key: ticketKey) else {
                throw Problem(.unauthenticated, "the ticket is not valid", field: "ticket")
            }
            try await pay(ticket, given.lastEventID, spends: !isHead)
            return StreamOpening(
                user: ticket.user, session: ticket.session, held: given.cursor(of: ticket.user, cursors),
                idSuffix: ticket.idSuffix(key: ticketKey), expiresAt: nil, address: address, requestID: requestID,
                isHead: isHead)
        }
        guard let text = try request.bearerToken() else {
            throw Problem(.unauthenticated, "a stream needs a ticket, or Authorization: Bearer")
        }
        let token = try accounts.authenticate(text)
        if let seconds = budget.pay(user: token.subject) { throw JoinBudget.refusal(seconds) }
        return StreamOpening(
            user: token.subject, session: token.session, held: given.cursor(of: token.subject, cursors), idSuffix: "",
            expiresAt: token.expiresAt, address: address, requestID: requestID, isHead: isHead)
    }

    /// A ticket opens one stream, and serves its reconnects. Its user pays for these only: one that was used, or is too old,
    /// stands in logs that others read.
    private func pay(_ ticket: Ticket, _ lastEventID: String?, spends: Bool) async throws {
        if let lastEventID, ticket.proves(lastEventID, key: ticketKey) {
            if let seconds = budget.pay(user: ticket.user) { throw JoinBudget.refusal(seconds) }
            guard try await accounts.isLive(ticket.session) else {
                throw Problem(.unauthenticated, "the session has ended")
            }
            return
        }
        guard clock.milliseconds() < ticket.expiresAt, !revocations.contains(ticket.session) else {
            throw Problem(.unauthenticated, "the ticket has expired: get a new one", field: "ticket")
        }
        // Who must wait keeps the ticket for later.
        if let seconds = budget.isUsedUp(user: ticket.user) { throw JoinBudget.refusal(seconds) }
        let key = RedisArgument.text("ticket:\(String(ticket.nonce, radix: 36))")
        let isUsed =
            spends
            ? try await redis.command("SET", key, "1", "NX", "EX", "60") == .null
            : try await redis.command("EXISTS", key) == .integer(1)
        guard !isUsed else {
            throw Problem(.unauthenticated, "the ticket was used before: get a new one", field: "ticket")
        }
        budget.charge(user: ticket.user)
    }

    // MARK: Routes

    /// `POST /v1/live/ticket`
    public var routes: [Route] {
        [
            Route("POST", "/v1/live/ticket", .signedIn, .write) { [self] scope in
                try scope.expectNoFields()
                let ticket = Ticket.make(
                    user: scope.caller, session: scope.token!.session, now: clock.milliseconds()
                ).encode(key: ticketKey)
                let body = Array("{\"ticket\":\"\(ticket)\",\"expires_in\":\(Ticket.seconds)}".utf8)
                // Nothing is stored for a ticket, but for the answer to a request that may be repeated.
                guard try scope.idempotencyKey() != nil else { return .json(body, status: 201) }
                return try await writes.run(scope, user: scope.caller, route: "ticket") { _ in
                    StoredAnswer(status: 201, body: body, session: scope.token!.session)
                }
            }
        ]
    }

    // MARK: Life

    /// Does it hear of events?
    public func isListening() async -> Bool {
        (try? await gateway.loop.run { [gateway] in gateway.value.isListening }) ?? false
    }

    /// Tells the live clients to come back later, and closes their connections.
    public func drain() async {
        try? await gateway.loop.run { [gateway] in gateway.value.drain() }
    }

    public func close() async {
        try? await gateway.loop.run { [gateway] in gateway.value.close() }
    }
}
