public import Core

/// Which connections a node holds, and what each of them is still to be sent. No I/O but the sinks, no clock: one
/// thread owns it.
///
/// A connection keeps references to shared frames, not copies, and at most `queueLimit` of them. One that falls further
/// behind loses its queue and resumes from its position when it has drained, like one that was away.
public final class Hub {
    public static let defaultQueueLimit = 256
    public let queueLimit: Int
    private let cursors: CursorSigner
    private let frameHeader: (LiveForm, _ length: Int, inout ByteWriter) -> Void
    private var subscribers: [ID: [Subscriber]] = [:]
    private var dirty: [Subscriber] = []
    private var scratch = ByteWriter(capacity: 64 * 1024)
    public private(set) var count = 0
    /// Called for a connection that has drained after it fell too far behind.
    public var onMustResume: ((Subscriber) -> Void)?

    /// - Parameter frameHeader: appends the header of a WebSocket frame that holds this form.
    public init(
        cursors: CursorSigner, queueLimit: Int = Hub.defaultQueueLimit,
        frameHeader: @escaping (LiveForm, _ length: Int, inout ByteWriter) -> Void
    ) {
        self.cursors = cursors
        self.queueLimit = queueLimit
        self.frameHeader = frameHeader
    }

    // MARK: Who is here

    /// - Returns: true for the user's first connection.
    @discardableResult
    public func add(_ subscriber: Subscriber) -> Bool {
        count += 1
        subscribers[subscriber.user, default: []].append(subscriber)
        return subscribers[subscriber.user]!.count == 1
    }

    /// - Returns: true when it was the user's last connection.
    @discardableResult
    public func remove(_ subscriber: Subscriber) -> Bool {
        guard var all = subscribers[subscriber.user], let index = all.firstIndex(where: { $0 === subscriber }) else {
            return false
        }
        count -= 1
        subscriber.queue = []
        all.remove(at: index)
        subscribers[subscriber.user] = all.isEmpty ? nil : all
        return all.isEmpty
    }

    public func connections(of user: ID) -> [Subscriber] { subscribers[user] ?? [] }

    /// How many frames wait for the connection for which most do.
    public var longestQueue: Int {
        subscribers.values.reduce(0) { longest, all in all.reduce(longest) { max($0, $1.queue.count) } }
    }

    public var users: some Collection<ID> { subscribers.keys }

    // MARK: Live events

    /// Wakes a long poll.
    public func signal(_ subscriber: Subscriber) {
        if case .signal(let action) = subscriber.kind { action() }
    }

    /// Queues a frame for all connections of these users; `flush` sends it.
    public func deliver(_ frame: SharedFrame, to users: [ID]) {
        for user in users {
            guard let all = subscribers[user] else { continue }
            for subscriber in all { enqueue(frame, subscriber) }
        }
    }

    private func enqueue(_ frame: SharedFrame, _ subscriber: Subscriber) {
        if case .signal(let action) = subscriber.kind { return action() }
        // A read has covered it.
        guard frame.position > subscriber.cursor.position || subscriber.state == .joining else { return }
        guard subscriber.state != .lagging, subscriber.state != .muted else { return }
        if subscriber.queue.count >= queueLimit { send(subscriber) }
        guard subscriber.queue.count < queueLimit else {
            subscriber.queue = []
            if subscriber.state == .joining {
                subscriber.hasOverflowed = true
            } else {
                subscriber.state = .lagging
            }
            return
        }
        guard !subscriber.hasOverflowed else { return }
        subscriber.queue.append(frame)
        markDirty(subscriber)
    }

    private func markDirty(_ subscriber: Subscriber) {
        guard !subscriber.isQueued else { return }
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
        }
    }

    /// The connection's sink has room again.
    public func drained(_ subscriber: Subscriber) {
        switch subscriber.state {
        case .live: send(subscriber)
        case .lagging: onMustResume?(subscriber)
        case .joining, .muted: break
        }
    }

    /// Nothing is sent to the connection any more, though it is still one of the user's.
    public func mute(_ subscriber: Subscriber) {
        subscriber.state = .muted
        subscriber.queue = []
    }

    private func send(_ subscriber: Subscriber) {
        guard subscriber.state == .live, !subscriber.queue.isEmpty, let sink = subscriber.sink, !sink.isBacklogged
        else {
            return
        }
        repeat {
            let count = encode(subscriber.queue, for: subscriber)
            if count == subscriber.queue.count {
                subscriber.queue.removeAll(keepingCapacity: count < 8)
            } else {
                subscriber.queue.removeFirst(count)
            }
            guard scratch.count > 0 else { return }
            scratch.bytes.withUnsafeBytes { sink.write($0) }
        } while !subscriber.queue.isEmpty && !sink.isBacklogged
    }

    /// What is written at once; when a sink does not take it, the rest of it is a copy of the connection's own.
    private static let mostWritten = 64 * 1024

    /// - Returns: how many of the frames are in `scratch` now, or need not be told.
    private func encode(_ frames: [SharedFrame], for subscriber: Subscriber) -> Int {
        scratch.removeAll()
        var count = 0
        for frame in frames {
            guard scratch.count < Self.mostWritten else { break }
            count += 1
            guard frame.position > subscriber.cursor.position else { continue }
            subscriber.cursor = LiveCursor(epoch: subscriber.cursor.epoch, position: frame.position)
            append(frame, for: subscriber)
        }
        return count
    }

    private func append(_ frame: SharedFrame, for subscriber: Subscriber) {
        switch subscriber.kind {
        case .webSocket(let prefix, let form):
            let tail = frame.pushTail(form)
            frameHeader(form, form.pushLength(prefix: prefix.count, tail: tail.count), &scratch)
            form.appendPush(prefix: prefix, tail: tail, to: &scratch)
        case .eventStream(let suffix):
            let cursor = LiveCursor(epoch: subscriber.cursor.epoch, position: frame.position)
            EventStreamText.appendID(cursor.encode(user: subscriber.user, cursors) + suffix, to: &scratch)
            scratch.append(frame.eventTail)
        case .signal: break
        }
    }

    // MARK: Joining

    /// What is to be read for the connection comes first; live events wait from now on.
    public func beginJoin(_ subscriber: Subscriber) {
        subscriber.state = .joining
        subscriber.queue = []
        subscriber.hasOverflowed = false
    }

    /// The read is done and its result was written: it covers everything up to the cursor.
    /// - Returns: false when too much came meanwhile: it must be read again, from the cursor.
    public func finishJoin(_ subscriber: Subscriber, at cursor: LiveCursor) -> Bool {
        subscriber.cursor = cursor
        subscriber.state = .live
        guard !subscriber.hasOverflowed else { return false }
        send(subscriber)
        return true
    }

    /// What was told covers everything up to the cursor, but what comes next must be read, too.
    public func hold(_ subscriber: Subscriber, at cursor: LiveCursor) {
        subscriber.cursor = cursor
    }

    /// Events that were read for the connection, as bytes in its own form.
    public func encode(_ publications: [Publication], for subscriber: Subscriber, epoch: UInt64) -> [UInt8] {
        scratch.removeAll()
        let held = subscriber.cursor
        subscriber.cursor = LiveCursor(epoch: epoch, position: held.position)
        for publication in publications { append(SharedFrame(publication), for: subscriber) }
        subscriber.cursor = held
        return scratch.bytes
    }
}

@available(*, unavailable)
extension Hub: Sendable {}

@available(*, unavailable)
extension Subscriber: Sendable {}
