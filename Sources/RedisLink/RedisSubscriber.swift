import Core
public import Runtime

/// A link to Redis for Pub/Sub on a loop's thread. What was asked for is subscribed again after each loss; messages of
/// the time between are lost, and `onState` tells of it.
public final class RedisSubscriber {
    /// How many channels a command names.
    private static let batch = 512

    private let loop: EventLoop
    private let session: RedisSession
    private let onMessage: ([UInt8], [UInt8]) -> Void
    private let onState: (Bool) -> Void
    private let pingInterval: Int
    private var wanted: Set<[UInt8]> = []
    private var unconfirmed: Set<[UInt8]> = []
    private var ping: LoopTimer?
    private var connection: RedisConnection?

    /// Starts to connect.
    /// - Parameters:
    ///   - name: of the link, in metrics and logs.
    ///   - pingInterval: milliseconds. A link that brings nothing for three of them is dropped.
    ///   - onMessage: channel and payload.
    ///   - onState: `false` when the link is lost: what is published from now on is missed. `true` each time that all
    ///     channels that are asked for have become subscribed. Both, and `onMessage`, are called on the loop.
    public init(
        on loop: EventLoop, address: RedisAddress, name: String = "subscriber", pingInterval: Int = 2000,
        onMessage: @escaping ([UInt8], [UInt8]) -> Void, onState: @escaping (Bool) -> Void
    ) {
        loop.assertCurrent()
        self.loop = loop
        self.pingInterval = pingInterval
        self.onMessage = onMessage
        self.onState = onState
        session = RedisSession(on: loop, address: address, name: name, timing: RedisSession.Timing())
        session.onUp = { [weak self] in self?.up($0) }
        session.onDown = { [weak self] _ in self?.down() }
        session.start()
    }

    /// Are all channels that were asked for subscribed?
    public var isSubscribed: Bool { connection != nil && unconfirmed.isEmpty }

    public func subscribe(_ channels: [String]) {
        let new = Set(channels.map { Array($0.utf8) }).subtracting(wanted)
        wanted.formUnion(new)
        unconfirmed.formUnion(new)
        send("SUBSCRIBE", new)
    }

    public func unsubscribe(_ channels: [String]) {
        let gone = Set(channels.map { Array($0.utf8) }).intersection(wanted)
        wanted.subtract(gone)
        let wasWaiting = !unconfirmed.isEmpty
        unconfirmed.subtract(gone)
        send("UNSUBSCRIBE", gone)
        if wasWaiting, isSubscribed { onState(true) }
    }

    public func close() {
        ping?.cancel()
        ping = nil
        connection = nil
        session.close()
    }

    private func up(_ connection: RedisConnection) {
        self.connection = connection
        connection.onPush = { [weak self] in self?.receive($0) }
        ping = LoopTimer(on: loop, after: pingInterval, repeating: pingInterval) { [weak self] in self?.checkLink() }
        unconfirmed = wanted
        send("SUBSCRIBE", wanted)
        if wanted.isEmpty { onState(true) }
    }

    private func down() {
        connection = nil
        ping?.cancel()
        ping = nil
        onState(false)
    }

    private func send(_ command: StaticString, _ channels: Set<[UInt8]>) {
        guard let connection, !channels.isEmpty else { return }
        let channels = Array(channels)
        var writer = ByteWriter()
        for start in stride(from: 0, to: channels.count, by: Self.batch) {
            let some = channels[start..<min(start + Self.batch, channels.count)]
            writer.append(command: [.text("\(command)")] + some.map { .bytes($0) })
        }
        connection.send(writer.bytes, replies: 0)
    }

    private func checkLink() {
        guard let connection else { return }
        connection.readNow()
        guard connection.isOpen else { return }
        if monotonicNanoseconds() - connection.lastRead > UInt64(3 * pingInterval) * 1_000_000 {
            return connection.close(.timedOut)
        }
        var writer = ByteWriter()
        writer.append(command: ["PING"])
        connection.send(writer.bytes, replies: 0)
    }

    private func receive(_ reply: RedisReply) {
        if case .error(let text) = reply {
            connection?.close(.server(text))
            return
        }
        guard let parts = reply.elements, parts.count >= 2 else { return }
        guard let kind = parts[0].bytes, let channel = parts[1].bytes else { return }
        if kind.elementsEqual("message".utf8), parts.count == 3, let payload = parts[2].bytes {
            onMessage(channel, payload)
        } else if kind.elementsEqual("subscribe".utf8), unconfirmed.remove(channel) != nil, unconfirmed.isEmpty {
            onState(true)
        }
    }
}

@available(*, unavailable)
extension RedisSubscriber: Sendable {}
