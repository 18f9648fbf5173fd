import CLibwebsockets
import Core
import Glibc
public import Runtime

/// A server of HTTP/1.1, server-sent events and WebSockets on one loop, over libwebsockets.
///
/// lws does the sockets' I/O on the loop and buffers what the kernel does not take: every connection is a raw socket
/// for it. Its protocols are not used, for the release at hand (4.1.6) breaks their rules. Its HTTP/1 ignores
/// Transfer-Encoding, sends no response to what it cannot read, cannot respond later while the client pipelines, and
/// frees a header before reading it: `HTTPParser` reads the requests. Its WebSocket accepts frames without a mask,
/// drops pings, and keeps a connection that broke the protocol: `WebSocketParser` reads the frames.
public final class SocketServer {
    public var options: ServerOptions { context.options }
    /// The port that it listens on.
    public private(set) var port = 0

    var loop: EventLoop { context.loop }

    private let context: ServerContext
    private var lws: LwsContext?
    /// Until it is closed.
    private var itself: SocketServer?
    private var listeners: [Listener] = []
    private var sweeper: LoopTimer?
    private var connections = Registry<HTTPConnection>()
    private let shares: ConnectionShare
    private var crowd = Crowd()
    /// Connections that were told that there are too many, and are not gone yet.
    private var refusing = 0
    private static let mostRefusing = 64
    private var isClosing = false
    private var onEmpty: [() -> Void] = []
    private let open: GaugePart
    private let ownOpen: Gauge

    /// Listens at once. Called on the loop's thread; the server lives until it is closed.
    public init(loop: EventLoop, options: ServerOptions, handler: any ServerHandler) throws {
        loop.assertCurrent()
        context = try ServerContext(loop: loop, options: options, handler: handler)
        shares =
            options.connections
            ?? ConnectionShare(wanted: options.maxConnections, most: options.maxConnectionsPerAddress)
        open = GaugePart(of: Metrics.shared.queue("connections", limit: shares.total), .sum)
        ownOpen = Metrics.shared.gauge(.loopConnections, "loop=\"\(loop.name)\"")
        lws = try LwsContext.of(loop)
        for bound in options.bound.isEmpty ? [nil] : options.bound.map(Optional.some) {
            listeners.append(try Listener(loop, options, bound: bound) { [unowned self] in accepted($0, from: $1) })
        }
        port = listeners[0].port
        sweep()
        sweeper = LoopTimer(on: loop, after: options.sweepInterval, repeating: options.sweepInterval) {
            [unowned self] in sweep()
        }
        itself = self
        let boxed = LoopBound.holding(self, on: loop)
        options.budget.join(ObjectIdentifier(self)) { wish in boxed.run { $0.makeRoom(wish) } }
        shares.join(ObjectIdentifier(self)) { large, small in boxed.run { $0.yield(large, to: small) } }
    }

    // MARK: Ending

    /// Accepts nothing more, closes what is idle, and responds to what has been asked, then closes those connections,
    /// too. Event streams and WebSockets are for their owners to close.
    ///
    /// - Parameter done: called once when the last connection has gone. Set a limit, and then call `close`.
    public func drain(_ done: @escaping () -> Void) {
        loop.assertCurrent()
        context.isDraining = true
        for listener in listeners { listener.close() }
        listeners = []
        onEmpty.append(done)
        for connection in connections.items { connection.drain() }
        context.later { [self] in tellIfEmpty() }
    }

    /// Closes everything at once. Calls back when the last connection has gone, which may take lws a turn of the loop.
    public func close(_ done: @escaping () -> Void = {}) {
        loop.assertCurrent()
        isClosing = true
        for connection in connections.items { connection.close(.local) }
        drain(done)
    }

    private func tellIfEmpty() {
        guard connections.items.isEmpty else { return }
        let waiting = onEmpty
        onEmpty = []
        if isClosing {
            sweeper = nil
            crowd = Crowd()
            options.budget.leave(ObjectIdentifier(self))
            shares.leave(ObjectIdentifier(self))
            lws = nil
            itself = nil
        }
        for done in waiting { done() }
    }

    // MARK: Connections

    private func accepted(_ descriptor: Int32, from address: String) {
        SocketMetrics.shared.accepted.add()
        let connection = HTTPConnection(context, owner: self, remoteAddress: address)
        let hasPlace = takePlace(for: connection.placeHolder)
        // A few of those that get no place are told so.
        guard let lws, !isClosing, hasPlace || refusing < Self.mostRefusing else {
            if hasPlace { shares.give(of: connection.placeHolder) }
            SocketMetrics.shared.refused.add()
            Glibc.close(descriptor)
            return
        }
        connection.place = hasPlace ? .own : .refused
        if !hasPlace { refusing += 1 }
        connections.add(connection)
        connection.gauge.add(1)
        context.watch(connection, by: connection.deadline)
        guard lws.adopt(descriptor, connection) else { return connection.lost() }
        if !hasPlace { connection.refuse(HTTPConnection.tooMany) }
    }

    /// Takes a place that is free, or else one from a client that has many times as many.
    private func takePlace(for holder: FairShare.Holder) -> Bool {
        if shares.take(for: holder) { return true }
        guard let large = lookForLargest(), shares.mustYield(large, to: holder) else { return false }
        guard let last = crowd.popLast(where: { $0.placeHolder == large }) else {
            shares.ask(large, toYieldTo: holder, but: ObjectIdentifier(self))
            return false
        }
        shares.pass(from: large, to: holder)
        last.place = .none
        last.pushOut()
        return true
    }

    private func lookForLargest() -> FairShare.Holder? {
        crowd.look(now: context.now(), count: connections.items.count, for: { shares.largest }) { large in
            connections.items.filter { $0.place == .own && $0.placeHolder == large }
        }
        return crowd.holder
    }

    /// For one who was refused on another loop, where the other has none.
    private func yield(_ large: FairShare.Holder, to small: FairShare.Holder) {
        guard lookForLargest() == large, shares.mustYield(large, to: small),
            let last = crowd.popLast(where: { $0.placeHolder == large })
        else { return }
        shares.give(of: large)
        last.place = .none
        last.pushOut()
    }

    /// Takes bytes from the one who has too many, until there is room for the other.
    private func makeRoom(_ wish: ByteBudget.Wish) {
        let holdsSome: (HTTPConnection) -> Bool = { $0.held(for: wish.large) > 0 }
        var crowd = Crowd()
        crowd.look(now: 0, count: 0, for: { wish.large }) { _ in connections.items.filter(holdsSome) }
        while options.budget.isOpen(wish), let connection = crowd.popLast(where: holdsSome) { connection.pushOut() }
        options.budget.roomMade(wish, by: ObjectIdentifier(self))
    }

    // MARK: Time

    private func sweep() {
        context.updateDate()
        // A crowd keeps the connections that it has seen alive.
        crowd = Crowd()
        context.lookAtDue()
        open.set(connections.items.count)
        ownOpen.set(connections.items.count)
    }
}

extension SocketServer: ConnectionOwner {
    func move(_ connection: HTTPConnection, to client: IPAddress?) -> Bool {
        guard connection.place == .own, client != connection.client else { return true }
        shares.give(of: connection.placeHolder)
        connection.client = nil
        let isAllowed = takePlace(for: .init(address: client))
        if isAllowed { connection.client = client } else { _ = shares.take(for: connection.placeHolder) }
        return isAllowed
    }

    func adoptAgain(_ connection: HTTPConnection, _ descriptor: Int32) -> Bool {
        let copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 0)
        return copy >= 0 && lws?.adopt(copy, connection) == true
    }

    func remove(_ connection: HTTPConnection) {
        guard connections.remove(connection) else { return }
        connection.gauge.add(-1)
        context.forget(connection)
        switch connection.place {
        case .own: shares.give(of: connection.placeHolder)
        case .refused: refusing -= 1
        case .none: break
        }
        tellIfEmpty()
    }
}

@available(*, unavailable)
extension SocketServer: Sendable {}
