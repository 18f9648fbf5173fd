public import Accounts
public import Core
public import Crypto
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
    let gateways: Gateways
    private let redis: Redis
    private let links: [Redis]
    let writes: Writes
    private let accounts: Accounts
    private let revocations: Revocations
    let cursors: CursorSigner
    let reader: LogReader
    let ticketKeys: SecretKeys
    let budget: JoinBudget
    let clock: any WallClock

    /// A loop of the sockets, with its own way to Redis: the live clients' reads and registrations need no hop.
    public struct Loop: Sendable {
        let loop: EventLoop
        let redis: Redis
        let feeds: FeedReader

        /// - Parameters:
        ///   - redis: on the loop.
        ///   - feeds: over `redis`.
        public init(_ loop: EventLoop, redis: Redis, feeds: FeedReader) {
            self.loop = loop
            self.redis = redis
            self.feeds = feeds
        }
    }

    /// - Parameters:
    ///   - loops: at least one.
    ///   - ticketKeys: the same in all processes.
    public init(
        loops: [Loop], options: GatewayOptions, redisAddress: RedisAddress, writes: Writes, accounts: Accounts,
        revocations: Revocations, suspensions: Suspensions, cursors: CursorSigner,
        ticketKeys: SecretKeys,
        clock: any WallClock
    ) {
        var options = options
        options.loops = loops.count
        redis = loops[0].redis
        links = loops.map(\.redis)
        self.writes = writes
        self.accounts = accounts
        self.revocations = revocations
        self.cursors = cursors
        reader = LogReader(feeds: loops[0].feeds, options)
        self.ticketKeys = ticketKeys
        self.clock = clock
        let budget = JoinBudget(isOn: options.limitsAreOn)
        self.budget = budget
        let counts = LiveCounts()
        gateways = Gateways(
            all: loops.map { each in
                LoopBound(on: each.loop) { [options] in
                    Gateway(
                        loop: each.loop, options: options, redis: each.redis, redisAddress: redisAddress,
                        feeds: each.feeds, accounts: accounts, revocations: revocations, cursors: cursors,
                        budget: budget, counts: counts, clock: clock)
                }
            })
        revocations.observe { [gateways] ended in
            for gateway in gateways.all { gateway.run { $0.end(sessions: ended) } }
        }
        revocations.observeAll { [gateways] last in
            for gateway in gateways.all { gateway.run { $0.end(upTo: last) } }
        }
        suspensions.observe { [gateways] users in
            for gateway in gateways.all { gateway.run { $0.end(suspended: users) } }
        }
    }

    /// Why no socket of the address is let in now; on the loop. A gateway in front asks another process when this one goes
    /// down.
    func refusal(of address: String) -> Problem? {
        if gateways.current.isDraining { return .goesDown }
        return budget.pay(address: address).map(JoinBudget.refusal)
    }

    /// Begins a stream of server-sent events. HEAD gets the head of the stream and opens none.
    func openStream(_ request: RequestContext, _ exchange: ExchangeHandle) async throws {
        let opening = try await admit(request)
        exchange.withExchange { [gateways] in EventStreamClient.open($0, opening, request.http, on: gateways.current) }
    }

    // MARK: Who may open a stream

    private func admit(_ request: RequestContext) async throws -> StreamOpening {
        let given = GivenPosition(request)
        let isHead = request.http.method == "HEAD"
        guard let caller = request.authenticated else {
            let text = request[LiveParameters.ticket] ?? ""
            guard let ticket = ticketKeys.first({ Ticket(text, key: $0) }) else {
                throw Problem(.unauthenticated, "the ticket is not valid", field: "ticket")
            }
            guard !accounts.isSuspended(ticket.user) else { throw Accounts.accountSuspended }
            try await pay(ticket, given.lastEventID, spends: !isHead)
            return StreamOpening(
                user: ticket.user, session: ticket.session, held: given.cursor(of: ticket.user, cursors),
                channels: try await channels(request, given, ticket.user),
                idSuffix: ticket.idSuffix(key: ticketKeys.current),
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
        let names = wanted.names(for: user)
        budget.charge(user: user, channels: names.count)
        var (open, refused): ([ChannelName], [ChannelName]) = ([], [])
        for name in names {
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
        if let lastEventID, ticketKeys.first({ ticket.proves(lastEventID, key: $0) ? true : nil }) != nil {
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

    /// Does it hear of events, on each of its loops?
    public func isListening() async -> Bool {
        let found = await gateways.each { $0.isListening }
        return found.count == gateways.all.count && found.allSatisfy { $0 }
    }

    /// Tells the live clients to come back later, and closes their connections.
    public func drain() async { _ = await gateways.each { $0.drain() } }

    public func close() async {
        _ = await gateways.each { $0.close() }
        for link in links { await link.close() }
    }
}
