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
    private var subscribers = SubscriberTable()
    private var dirty: [Subscriber] = []
    /// Those with frames that could not go out; some of them have got rid of theirs since.
    private var slow: [Subscriber] = []
    private var prefix = ByteWriter(capacity: 512)
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

    /// A long list is not freed from within its first.
    deinit {
        for first in subscribers.all {
            var last = first
            while let next = last.next {
                last.next = nil
                last = next
            }
        }
    }

    // MARK: Who is here

    /// - Returns: true for the first one of its log.
    @discardableResult
    public func add(_ subscriber: Subscriber) -> Bool {
        count += 1
        let next = subscribers.put(subscriber)
        subscriber.next = next
        next?.previous = subscriber
        return next == nil
    }

    /// - Returns: true when it was the last one of its log.
    @discardableResult
    public func remove(_ subscriber: Subscriber) -> Bool {
        subscriber.release()
        guard let first = subscribers[subscriber.key], first === subscriber || subscriber.previous != nil else {
            return false
        }
        count -= 1
        let next = subscriber.next
        next?.previous = subscriber.previous
        if let previous = subscriber.previous {
            previous.next = next
        } else if let next {
            _ = subscribers.put(next)
        } else {
            subscribers.remove(subscriber.key)
        }
        (subscriber.next, subscriber.previous) = (nil, nil)
        return subscribers[subscriber.key] == nil
    }

    public func subscribers(of key: LogKey) -> [Subscriber] {
        Array(sequence(first: subscribers[key], next: { $0?.next }).lazy.compactMap(\.self))
    }

    public func hasSubscribers(of key: LogKey) -> Bool { subscribers[key] != nil }

    /// Up to where all live connections were told everything of a log; `nil`: none is live, or some of what they are to be
    /// told waits for them.
    public func told(_ key: LogKey) -> LiveCursor? {
        var told: LiveCursor?
        var next = subscribers[key]
        while let subscriber = next {
            next = subscriber.next
            guard subscriber.state.phase == .live else { continue }
            guard subscriber.state.waiting == 0 else { return nil }
            if told.map({ subscriber.cursor.position < $0.position }) ?? true { told = subscriber.cursor }
        }
        return told
    }

    /// How many frames wait for the connection for which most do. It looks only at those whose frames could not go out.
    public func longestQueue() -> Int {
        let all = slow
        slow.removeAll(keepingCapacity: true)
        for subscriber in all {
            subscriber.isSlow = subscriber.state.waiting > 0
            if subscriber.isSlow { slow.append(subscriber) }
        }
        return slow.reduce(0) { max($0, $1.session.waiting) }
    }

    public var keys: [LogKey] { subscribers.all.map(\.key) }

    // MARK: Live events

    /// Has a long poll look again.
    public func signal(_ subscriber: Subscriber) {
        if case .signal(let action) = subscriber.kind { action(true) }
    }

    /// Queues a frame for all connections that are told this log; `flush` sends it.
    public func deliver(_ frame: SharedFrame, to key: LogKey) {
        var next = subscribers[key]
        while let subscriber = next {
            // What it does may remove it.
            next = subscriber.next
            enqueue(frame, subscriber)
        }
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
        if !subscriber.state.offer(frame) {
            send(subscriber)
            guard subscriber.state.offer(frame) else { return subscriber.state.fall() }
        }
        markDirty(subscriber)
    }

    private func markDirty(_ subscriber: Subscriber) {
        guard !subscriber.isQueued, subscriber.state.waiting > 0 else { return }
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
            guard subscriber.state.waiting > 0, !subscriber.isSlow else { continue }
            subscriber.isSlow = true
            slow.append(subscriber)
        }
    }

    private func send(_ subscriber: Subscriber) {
        guard let sink = subscriber.sink else { return }
        while !sink.isBacklogged, write(subscriber.state.take(), of: subscriber, to: sink) {}
    }

    /// - Returns: whether some of them are left.
    private func write(_ frames: FrameQueue, of subscriber: Subscriber, to sink: any FrameSink) -> Bool {
        let count = frames.count
        guard count > 0 else { return false }
        var writer = ByteWriter()
        swap(&writer, &scratch)
        writer.removeAll()
        var index = 0
        let epoch = subscriber.state.cursor.epoch
        while index < count, writer.count < Self.mostWritten {
            if subscriber.state.tells(frames[index]) {
                append(frames[index], for: subscriber, epoch, isShared: true, to: &writer)
            }
            index += 1
        }
        if index < count { subscriber.state.putBack(frames, from: index) }
        if writer.count > 0 { writer.bytes.withUnsafeBytes { sink.write($0) } }
        swap(&writer, &scratch)
        return index < count
    }

    /// What is written at once; when a sink does not take it, the rest of it is a copy of the connection's own.
    private static let mostWritten = 64 * 1024

    /// - Parameter isShared: others are told the same.
    private func append(
        _ frame: SharedFrame, for subscriber: Subscriber, _ epoch: UInt64, isShared: Bool, to writer: inout ByteWriter
    ) {
        switch subscriber.kind {
        case .webSocket(let form, _) where !isShared:
            _ = appendPush(frame, form, isDeflated: false, for: subscriber.key, to: &writer)
        case .webSocket(let form, let isDeflated):
            let push =
                frame.push(form, isDeflated: isDeflated, for: subscriber.key)
                ?? makePush(frame, form, isDeflated: isDeflated, for: subscriber.key)
            push.append(for: subscriber.key, to: &writer)
        case .eventStream(let suffix):
            let cursor = LiveCursor(epoch: epoch, position: frame.position)
            EventStreamText.appendID(cursor.encode(user: subscriber.user, cursors), suffix, to: &writer)
            writer.append(frame.eventTail)
        case .channelStream(let channel, let id):
            if frame.position > 0 {
                EventStreamText.appendID(id(LiveCursor(epoch: epoch, position: frame.position)), to: &writer)
            }
            EventStreamText.append(frame.eventTail, naming: channel, to: &writer)
        case .signal: break
        }
    }

    private func makePush(
        _ frame: SharedFrame, _ form: LiveForm, isDeflated: Bool, for key: LogKey
    ) -> SharedPush {
        var writer = ByteWriter(capacity: frame.publication.event.count + 128)
        let tail = appendPush(frame, form, isDeflated: isDeflated, for: key, to: &writer)
        let push = SharedPush(writer.bytes, form, isDeflated: isDeflated, for: key, tail: tail)
        frame.pushes.append(push)
        return push
    }

    /// - Returns: bytes of its second part.
    private func appendPush(
        _ frame: SharedFrame, _ form: LiveForm, isDeflated: Bool, for key: LogKey, to writer: inout ByteWriter
    ) -> Int {
        prefix.removeAll()
        form.appendPushPrefix(channel: key, to: &prefix)
        if isDeflated, let deflation, let deflated = frame.pushTail(form, deflation) {
            append(deflated, of: frame, form, deflation, to: &writer)
            return deflated.count
        }
        let tail = frame.pushTail(form)
        frameHeader(form, form.pushLength(prefix: prefix.count, tail: tail.count), &writer)
        form.appendPush(prefix: prefix.bytes, tail: tail, to: &writer)
        return tail.count
    }

    private func append(
        _ deflated: [UInt8], of frame: SharedFrame, _ form: LiveForm, _ deflation: PushDeflation,
        to writer: inout ByteWriter
    ) {
        let tail = frame.pushTail(form).count
        let head = form.pushLength(prefix: prefix.count, tail: tail) - tail
        let stored = deflation.storedHeader(head)
        deflation.frameHeader(form, stored.count + head + deflated.count, &writer)
        writer.append(stored)
        form.appendPushHead(prefix: prefix.bytes, tail: tail, to: &writer)
        writer.append(deflated)
    }

    // MARK: Reading

    /// Changes the state of a connection's session, and sends what is to be sent.
    /// - Returns: what is left to do.
    public func update(
        _ subscriber: Subscriber, _ change: (inout LiveSession) -> LiveSession.Action
    ) -> LiveSession.Action {
        let action = change(&subscriber.state)
        guard action == .send else { return action }
        send(subscriber)
        return .none
    }

    /// Nothing is sent to the connection any more, though it is still one of the user's.
    public func mute(_ subscriber: Subscriber) { subscriber.state.end() }

    /// Events that were read for the connection, as bytes in its own form; not compressed, for nobody shares them.
    public func encode(_ publications: [Publication], for subscriber: Subscriber, epoch: UInt64) -> [UInt8] {
        var writer = ByteWriter()
        for publication in publications {
            append(SharedFrame(publication), for: subscriber, epoch, isShared: false, to: &writer)
        }
        return writer.bytes
    }
}

@available(*, unavailable)
extension Hub: Sendable {}

@available(*, unavailable)
extension Subscriber: Sendable {}
