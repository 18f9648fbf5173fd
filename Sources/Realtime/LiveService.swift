public import Accounts
public import Core
import DomainKit
public import Feed
public import HTTPService
import Live
public import RedisLink
public import Runtime
import Sockets

/// The live side of a process, for the dispatcher and for other threads: tickets, event streams, WebSockets, long
/// polls, drain.
public final class LiveService: Sendable {
    let gateway: LoopBound<Gateway>
    private let redis: Redis
    let writes: Writes
    private let accounts: Accounts
    private let revocations: Revocations
    let cursors: CursorSigner
    let reader: LogReader
    let ticketKey: [UInt8]
    let budget: JoinBudget
    let clock: any WallClock

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
        reader = LogReader(feeds: feeds, options)
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

    /// Why no socket of the address is let in now; on the loop. A gateway in front asks another process when this one goes
    /// down.
    func refusal(of address: String) -> Problem? {
        if gateway.value.isDraining { return .goesDown }
        return budget.pay(address: address).map(JoinBudget.refusal)
    }

    /// Begins a stream of server-sent events. HEAD gets the head of the stream and opens none.
    func openStream(_ request: RequestContext, _ exchange: ExchangeHandle) async throws {
        let opening = try await admit(request)
        exchange.withExchange { [gateway] in EventStreamClient.open($0, opening, request.http, on: gateway.value) }
    }

    // MARK: Who may open a stream

    private func admit(_ request: RequestContext) async throws -> StreamOpening {
        let given = GivenPosition(request)
        let isHead = request.http.method == "HEAD"
        guard let caller = request.authenticated else {
            guard let ticket = Ticket(request[LiveParameters.ticket] ?? "", key: ticketKey) else {
                throw Problem(.unauthenticated, "the ticket is not valid", field: "ticket")
            }
            try await pay(ticket, given.lastEventID, spends: !isHead)
            return StreamOpening(
                user: ticket.user, session: ticket.session, held: given.cursor(of: ticket.user, cursors),
                channels: try await channels(request, given, ticket.user), idSuffix: ticket.idSuffix(key: ticketKey),
                expiresAt: nil, address: request.address,
                requestID: request.requestID, isHead: isHead)
        }
        if let seconds = budget.pay(user: caller.user) { throw JoinBudget.refusal(seconds) }
        return StreamOpening(
            user: caller.user, session: caller.session, held: given.cursor(of: caller.user, cursors),
            channels: try await channels(request, given, caller.user), idSuffix: "",
            expiresAt: caller.expiresAt, address: request.address, requestID: request.requestID, isHead: isHead)
    }

    /// An EventSource that comes back asks for what it asked for first, and gives up for good on a 404: it is told on the
    /// stream.
    private func channels(
        _ request: RequestContext, _ given: GivenPosition, _ user: ID
    ) async throws -> OpenedChannels? {
        guard let wanted = request[LiveParameters.channels] else { return nil }
        budget.charge(user: user, channels: wanted.names.count)
        var (open, refused): ([ChannelName], [ChannelName]) = ([], [])
        for name in wanted.names {
            if try await channel(name).isOpen(to: user) {
                open.append(name)
            } else if given.lastEventID != nil {
                refused.append(name)
            } else {
                throw Self.noChannel(name)
            }
        }
        let keys = (wanted.hasFeed ? [LogKey.feed(of: user)] : []) + open.map { .channel($0) }
        return OpenedChannels(
            hasFeed: wanted.hasFeed, names: open, refused: refused,
            positions: given.positions(of: keys, of: user, cursors))
    }

    func channel(_ name: ChannelName) throws(Problem) -> Channel {
        guard let channel = reader.kinds.channel(name) else {
            throw Problem(.invalidField, "channels has '\(name)', which no channel is called", field: "channels")
        }
        return channel
    }

    static func noChannel(_ name: ChannelName) -> Problem {
        Problem(.notFound, "there is no channel '\(name)'", field: "channels")
    }

    /// A ticket opens one stream, and serves its reconnects. Its user pays for these only: one that was used, or is too old,
    /// is in logs that others read.
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
