public import Core

/// Which connections a node holds, and what each of them is still to be sent. No I/O but the sinks, no clock: one
/// thread owns it. The rule of each connection is its `LiveSession`'s; what that wants is handed to the owner.
///
/// A connection keeps references to shared frames, not copies, and at most `queueLimit` of them. One that falls further
/// behind loses its queue and resumes from its position when it has drained, like one that was away.
public final class Hub {
    public static let queueLimit = 256
    private let cursors: CursorSigner
    private let frameHeader: (LiveForm, _ length: Int, inout ByteWriter) -> Void
    private let deflation: PushDeflation?
    private var subscribers: [LogKey: [Subscriber]] = [:]
    private var dirty: [Subscriber] = []
    /// Those with frames that could not go out; some of them have got rid of theirs since.
    private var waiting: [ObjectIdentifier: Subscriber] = [:]
    private var scratch = ByteWriter(capacity: 64 * 1024)
    public private(set) var count = 0

    /// - Parameters:
    ///   - deflation: `nil`: nothing is compressed.
    ///   - frameHeader: appends the header of a WebSocket frame that holds this form.
    public init(
        cursors: CursorSigner, deflation: PushDeflation? = nil,
        frameHeader: @escaping (LiveForm, _ length: Int, inout ByteWriter) -> Void
    ) {
        self.cursors = cursors
        self.deflation = deflation
        self.frameHeader = frameHeader
    }

    // MARK: Who is here

    /// - Returns: true for the first one of its log.
    @discardableResult
    public func add(_ subscriber: Subscriber) -> Bool {
        count += 1
        subscribers[subscriber.key, default: []].append(subscriber)
        return subscribers[subscriber.key]!.count == 1
    }

    /// - Returns: true when it was the last one of its log.
    @discardableResult
    public func remove(_ subscriber: Subscriber) -> Bool {
        guard var all = subscribers[subscriber.key], let index = all.firstIndex(where: { $0 === subscriber }) else {
            return false
        }
        count -= 1
        subscriber.session.end()
        all.remove(at: index)
        subscribers[subscriber.key] = all.isEmpty ? nil : all
        return all.isEmpty
    }

    public func subscribers(of key: LogKey) -> [Subscriber] { subscribers[key] ?? [] }

    /// Up to where all live connections were told everything of a log; `nil`: none is live, or some of what they are to be
    /// told waits for them.
    public func told(_ key: LogKey) -> LiveCursor? {
        let live = subscribers(of: key).lazy.map(\.session).filter { $0.phase == .live }
        guard live.allSatisfy({ $0.waiting == 0 }) else { return nil }
        return live.map(\.cursor).min { $0.position < $1.position }
    }

    /// How many frames wait for the connection for which most do. It looks only at those whose frames could not go out.
    public func longestQueue() -> Int {
        waiting = waiting.filter { $0.value.session.waiting > 0 }
        return waiting.values.reduce(0) { max($0, $1.session.waiting) }
    }

    public var keys: some Collection<LogKey> { subscribers.keys }

    // MARK: Live events

    /// Has a long poll look again.
    public func signal(_ subscriber: Subscriber) {
        if case .signal(let action) = subscriber.kind { action(true) }
    }

    /// Queues a frame for all connections that are told this log; `flush` sends it.
    public func deliver(_ frame: SharedFrame, to key: LogKey) {
        guard let all = subscribers[key] else { return }
        for subscriber in all { enqueue(frame, subscriber) }
    }

    /// The same for the feeds of users.
    public func deliver(_ frame: SharedFrame, toFeedsOf users: [ID]) {
        for user in users { deliver(frame, to: .feed(of: user)) }
    }

    private func enqueue(_ frame: SharedFrame, _ subscriber: Subscriber) {
        if case .signal(let action) = subscriber.kind {
            if !frame.isSilent { action(false) }
            return
        }
        if !subscriber.session.offer(frame) {
            send(subscriber)
            guard subscriber.session.offer(frame) else { return subscriber.session.fall() }
        }
        markDirty(subscriber)
    }

    private func markDirty(_ subscriber: Subscriber) {
        guard !subscriber.isQueued, subscriber.session.waiting > 0 else { return }
        subscriber.isQueued = true
        dirty.append(subscriber)
    }

    /// Sends what is queued, each connection's frames in one write.
    public func flush() {
        let now = dirty
        dirty.removeAll(keepingCapacity: true)
        for subscriber in now {
            subscriber.isQueued = false
            send(subscriber)
            if subscriber.session.waiting > 0 { waiting[ObjectIdentifier(subscriber)] = subscriber }
        }
    }

    private func send(_ subscriber: Subscriber) {
        while subscriber.session.waiting > 0, let sink = subscriber.sink, !sink.isBacklogged {
            scratch.removeAll()
            let waiting = subscriber.session.waiting
            let epoch = subscriber.cursor.epoch
            subscriber.session.take({ scratch.count < Self.mostWritten }) {
                append($0, for: subscriber, epoch, deflation)
            }
            if scratch.count > 0 { scratch.bytes.withUnsafeBytes { sink.write($0) } }
            guard subscriber.session.waiting < waiting else { return }
        }
    }

    /// What is written at once; when a sink does not take it, the rest of it is a copy of the connection's own.
    private static let mostWritten = 64 * 1024

    private func append(
        _ frame: SharedFrame, for subscriber: Subscriber, _ epoch: UInt64, _ deflation: PushDeflation? = nil
    ) {
        switch subscriber.kind {
        case .webSocket(let prefix, let form, let isDeflated):
            if isDeflated, let deflation, let deflated = frame.pushTail(form, deflation) {
                return append(deflated, of: frame, prefix, form, deflation)
            }
            let tail = frame.pushTail(form)
            frameHeader(form, form.pushLength(prefix: prefix.count, tail: tail.count), &scratch)
            form.appendPush(prefix: prefix, tail: tail, to: &scratch)
        case .eventStream(let suffix):
            let cursor = LiveCursor(epoch: epoch, position: frame.position)
            EventStreamText.appendID(cursor.encode(user: subscriber.user, cursors) + suffix, to: &scratch)
            scratch.append(frame.eventTail)
        case .channelStream(let channel, let id):
            if frame.position > 0 {
                EventStreamText.appendID(id(LiveCursor(epoch: epoch, position: frame.position)), to: &scratch)
            }
            EventStreamText.append(frame.eventTail, naming: channel, to: &scratch)
        case .signal: break
        }
    }

    private func append(
        _ deflated: [UInt8], of frame: SharedFrame, _ prefix: [UInt8], _ form: LiveForm, _ deflation: PushDeflation
    ) {
        let tail = frame.pushTail(form).count
        let head = form.pushLength(prefix: prefix.count, tail: tail) - tail
        let stored = deflation.storedHeader(head)
        deflation.frameHeader(form, stored.count + head + deflated.count, &scratch)
        scratch.append(stored)
        form.appendPushHead(prefix: prefix, tail: tail, to: &scratch)
        scratch.append(deflated)
    }

    // MARK: Reading

    /// Changes the state of a connection's session, and sends what is to be sent.
    /// - Returns: what is left to do.
    public func update(
        _ subscriber: Subscriber, _ change: (inout LiveSession) -> LiveSession.Action
    ) -> LiveSession.Action {
        let action = change(&subscriber.session)
        guard action == .send else { return action }
        send(subscriber)
        return .none
    }

    /// Nothing is sent to the connection any more, though it is still one of the user's.
    public func mute(_ subscriber: Subscriber) { subscriber.session.end() }

    /// Events that were read for the connection, as bytes in its own form; not compressed, for nobody shares them.
    public func encode(_ publications: [Publication], for subscriber: Subscriber, epoch: UInt64) -> [UInt8] {
        scratch.removeAll()
        for publication in publications { append(SharedFrame(publication), for: subscriber, epoch) }
        return scratch.bytes
    }
}

@available(*, unavailable)
extension Hub: Sendable {}

@available(*, unavailable)
extension Subscriber: Sendable {}
