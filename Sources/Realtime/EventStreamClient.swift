import Core
import HTTPService
import Live
import Sockets

/// An open stream of server-sent events. Lives on the gateway's loop.
final class EventStreamClient: LiveClient {
    private let stream: EventStream
    private unowned let gateway: Gateway
    private let idSuffix: String
    /// Seconds since 1970; `nil` for a stream that lasts as long as its session.
    private let expiresAt: Int64?
    private var writtenAt: UInt64
    private var isEstablished = false
    let session: ID
    let address: String
    private let feed: Subscriber
    var subscriber: Subscriber? { feed }
    var channels: [Subscriber] { [] }
    var timerPlace = TimerPlace()

    private init(_ stream: EventStream, gateway: Gateway, _ opening: StreamOpening, now: UInt64) {
        self.stream = stream
        self.gateway = gateway
        session = opening.session
        address = opening.address
        idSuffix = opening.idSuffix
        expiresAt = opening.expiresAt
        writtenAt = now
        feed = Subscriber(
            user: opening.user, kind: .eventStream(idSuffix: opening.idSuffix), sink: nil,
            session: LiveSession(from: opening.held, limit: Hub.queueLimit))
        feed.sink = self
        stream.user = opening.user
        stream.onDrained = { [unowned self] in gateway.drained(self) }
        stream.onClosed = { [unowned self] _ in gateway.closed(self) }
    }

    /// On the loop, with an exchange that was admitted.
    static func open(_ exchange: HTTPExchange, _ opening: StreamOpening, _ request: HTTPRequest, on gateway: Gateway) {
        guard gateway.mayConnect(opening.user) else {
            let problem = gateway.isDraining ? Problem.goesDown : .tooManyLive
            return exchange.respond(StreamRefusal.response(problem, to: request, opening.requestID))
        }
        let stream = exchange.stream(status: 200, headers: StreamOpening.headers(opening.requestID))
        guard !opening.isHead else { return }
        let client = EventStreamClient(stream, gateway: gateway, opening, now: gateway.now)
        gateway.opened(client)
        // The session may have ended since the stream was admitted.
        guard !gateway.hasEnded(client.session) else { return client.end(.forceDisconnect) }
        gateway.join(client, client.feed)
    }

    var transport: any LiveTransport { stream }
    var isBacklogged: Bool { stream.isBacklogged }

    func write(_ bytes: UnsafeRawBufferPointer) {
        writtenAt = gateway.now
        stream.write(bytes)
    }

    func tell(_ outcome: JoinOutcome, of subscriber: Subscriber) -> LiveSession.Telling {
        guard !stream.isBacklogged else { return .refused }
        let cursor = outcome.cursor
        let isFirst = !isEstablished
        isEstablished = true
        switch outcome.verdict {
        case .live: verdict("live", at: cursor, data: "{}")
        case .reset: verdict("reset", at: cursor, data: "{\"feed\":\"/v1/feed\"}")
        case .resumed(let missed):
            if isFirst {
                // Where the client is already: a stream that breaks behind the verdict must not skip the events.
                verdict(
                    "resumed", at: missed.isEmpty ? cursor : subscriber.cursor, data: "{\"missed\":\(missed.count)}")
            }
            let events = gateway.hub.encode(missed, for: subscriber, epoch: cursor.epoch)
            guard !events.isEmpty else { return .told }
            guard !stream.isBacklogged else { return .begun }
            write(events)
        }
        return .told
    }

    private func verdict(_ name: StaticString, at cursor: LiveCursor, data: String) {
        let id = cursor.encode(user: feed.user, gateway.cursors) + idSuffix
        write(EventStreamText.verdict(name, id: id, retry: .random(in: 500...2000), data: data))
    }

    private func write(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes { write($0) }
    }

    func joinFailed(_ subscriber: Subscriber) { stream.close() }

    func refuse(_ subscriber: Subscriber) {}

    func end(_ reason: Disconnect) { stream.close() }

    func look(now: UInt64) -> UInt64? {
        guard !stream.isClosed else { return nil }
        let second: UInt64 = 1_000_000_000
        let interval = UInt64(gateway.options.heartbeatSeconds) * second
        gateway.sessions.note(session)
        var expiry = UInt64.max
        if let expiresAt {
            let left = expiresAt + Int64(gateway.options.expiryGraceSeconds) - gateway.seconds
            guard left >= 0 else {
                stream.close()
                return nil
            }
            expiry = now + UInt64(left + 1) * second
        }
        if now - writtenAt >= interval {
            guard !stream.isBacklogged else { return min(now + second, expiry) }
            write(EventStreamText.heartbeat)
        }
        return min(writtenAt + interval, expiry)
    }

    func drain(retry: Int) {
        if !stream.isBacklogged { write(EventStreamText.drain(retry: retry)) }
        stream.close()
    }
}
