import Core
import Feed
import HTTPService
import Live
import Sockets

/// An open stream of server-sent events. Lives on the gateway's loop.
final class EventStreamClient: LiveClient, FrameSink {
    private let stream: EventStream
    private unowned let gateway: Gateway
    private let idSuffix: [UInt8]
    /// Seconds since 1970; `nil` for a stream that lasts as long as its session.
    private let expiresAt: Int64?
    private var writtenAt: UInt64
    private var isEstablished = false
    var slot: Int32 = -1
    private var feed: Subscriber!
    /// `nil`: it has the feed alone.
    private let logs: StreamLogs?
    let session: ID
    let address: String
    var timerPlace = TimerPlace()

    private init(_ stream: EventStream, gateway: Gateway, _ opening: StreamOpening, now: UInt64) {
        self.stream = stream
        self.gateway = gateway
        session = opening.session
        address = opening.address
        idSuffix = Array(opening.idSuffix.utf8)
        expiresAt = opening.expiresAt
        writtenAt = now
        logs = opening.channels.map { StreamLogs(held: $0.positions) }
        let held = opening.channels.map { $0.positions[.feed(of: opening.user)] } ?? opening.held
        feed = subscriber(of: nil, named: StreamChannels.feed, opening.user, from: held)
        stream.user = opening.user
        stream.owner = self
    }

    func drained() { gateway.drained(self) }
    func closed(_ reason: CloseReason) { gateway.closed(self) }

    private func subscriber(
        of channel: ChannelName?, named name: String, _ user: ID, from held: LiveCursor?
    ) -> Subscriber {
        let key = channel.map { LogKey.channel($0) } ?? .feed(of: user)
        let kind: Subscriber.Kind =
            logs == nil
            ? .eventStream(idSuffix: idSuffix)
            : .channelStream(channel: EventStreamText.member(channel: name)) { [unowned self] in
                id(at: $0, in: key, user)
            }
        return Subscriber(
            user: user, channel: channel, kind: kind, sink: self, owner: self,
            session: LiveSession(from: held, limit: Hub.queueLimit))
    }

    private func id(at cursor: LiveCursor, in key: LogKey, _ user: ID) -> String {
        let position =
            logs?.positions(in: key, cursor).encode(user: user, gateway.cursors)
            ?? cursor.encode(user: user, gateway.cursors)
        return position + String(decoding: idSuffix, as: UTF8.self)
    }

    /// On the loop, with an exchange that was admitted.
    static func open(_ exchange: HTTPExchange, _ opening: StreamOpening, _ request: HTTPRequest, on gateway: Gateway) {
        let count = opening.channels?.names.count ?? 0
        guard gateway.hasRoom(for: count, of: opening.user), gateway.connect(opening.user) else {
            let problem = gateway.isDraining ? Problem.goesDown : .tooManyLive
            return exchange.respond(StreamRefusal.response(problem, to: request, opening.requestID))
        }
        let stream = exchange.stream(status: 200, headers: StreamOpening.headers(opening.requestID))
        guard !opening.isHead else { return gateway.counts.disconnect(opening.user) }
        let client = EventStreamClient(stream, gateway: gateway, opening, now: gateway.now)
        gateway.opened(client)
        // The session may have ended since the stream was admitted.
        guard !gateway.hasEnded(client.session) else { return client.end(.forceDisconnect) }
        guard !gateway.accounts.isSuspended(opening.user) else { return client.end(.accountSuspended) }
        client.join(opening.channels)
    }

    private func join(_ channels: OpenedChannels?) {
        guard let channels, let logs else { return gateway.join(self, feed) }
        if channels.hasFeed { logs.add(feed, named: StreamChannels.feed) }
        let subscribers = channels.names.map { name in
            let subscriber = subscriber(
                of: name, named: name.nameToOwner, feed.user, from: channels.positions[.channel(name)])
            logs.add(subscriber, named: name.nameToOwner)
            return subscriber
        }
        for name in channels.refused where !stream.isBacklogged { ended(name.nameToOwner) }
        if channels.hasFeed { gateway.join(self, feed) } else { gateway.attend(self, feed) }
        for subscriber in subscribers { gateway.joinChannel(self, subscriber) }
    }

    var subscriber: Subscriber? { feed }
    var user: ID? { feed.user }
    var channels: [Subscriber] { logs?.channels ?? [] }
    var transport: any LiveTransport { stream }
    var isBacklogged: Bool { stream.isBacklogged }

    func write(_ bytes: UnsafeRawBufferPointer) {
        writtenAt = gateway.now
        stream.write(bytes)
    }

    func tell(_ outcome: JoinOutcome, of subscriber: Subscriber) -> LiveSession.Telling {
        guard !stream.isBacklogged else { return .refused }
        let isFirst = logs?.establish(subscriber) ?? !isEstablished
        isEstablished = true
        let cursor = outcome.cursor
        switch outcome.verdict {
        case .live: verdict("live", of: subscriber, at: cursor)
        case .reset: verdict("reset", of: subscriber, at: cursor, read(subscriber.key))
        case .resumed(let missed):
            guard isFirst else { break }
            // Where the client is already: a stream that breaks behind the verdict must not skip the events.
            verdict(
                "resumed", of: subscriber, at: missed.isEmpty ? cursor : subscriber.cursor,
                "\"missed\":\(missed.count)")
        }
        let events = gateway.hub.encode(outcome.publications, for: subscriber, epoch: cursor.epoch)
        guard !events.isEmpty else { return .told }
        guard !stream.isBacklogged else { return .begun }
        write(events)
        return .told
    }

    /// What to read after a reset, as a member.
    private func read(_ key: LogKey) -> String {
        guard logs != nil else { return "\"feed\":\"/v1/feed\"" }
        guard case .channel(let name) = key, let channel = gateway.options.channels.channel(name) else {
            return "\"read\":\"/v1/feed\""
        }
        var writer = ByteWriter()
        writer.append(jsonString: channel.path)
        return "\"read\":\(writer.string)"
    }

    private func verdict(
        _ name: StaticString, of subscriber: Subscriber, at cursor: LiveCursor, _ members: String = ""
    ) {
        var data = ByteWriter()
        data.append(ascii: "{")
        if let logs { data.append(EventStreamText.member(channel: logs.name(of: subscriber))) }
        data.append(members)
        // Nothing may be behind the last comma.
        if data.bytes.last == UInt8(ascii: ",") { data.bytes.removeLast() }
        data.append(ascii: "}")
        write(
            EventStreamText.verdict(
                name, id: id(at: cursor, in: subscriber.key, subscriber.user), retry: .random(in: 500...2000),
                data: data.string))
    }

    private func write(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes { write($0) }
    }

    func joinFailed(_ subscriber: Subscriber) { stream.close() }

    func refuse(_ subscriber: Subscriber) {
        let name = logs?.name(of: subscriber) ?? ""
        logs?.remove(subscriber)
        gateway.leaveChannel(subscriber)
        // Who does not read is told when he comes back.
        guard !stream.isBacklogged else { return stream.close() }
        ended(name)
    }

    /// The user may not see the channel any more.
    private func ended(_ name: String) {
        guard let logs else { return }
        let id = logs.positions().encode(user: feed.user, gateway.cursors) + String(decoding: idSuffix, as: UTF8.self)
        write(EventStreamText.unsubscribed(from: name, .refused, id: id))
    }

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
