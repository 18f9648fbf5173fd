/// One log, such as a user's feed, as one connection is told it: everything after the connection's position, once and in
/// order; of the states that it may carry the newest, never an older one after it. A value without I/O and clock: it says
/// what its owner is to do, and is told what came of it.
///
/// It is always in one of these phases:
/// - joining: the log is being read from the position on; what comes live waits;
/// - live: what comes is told;
/// - behind: too much waited; it reads when what was written before has left;
/// - blocked: what was read could not be told for what still waited; as behind;
/// - over: nothing is told any more.
public struct LiveSession {
    public enum Phase: Sendable {
        case joining, live, behind, blocked, over
    }

    /// A wish to read the log.
    public struct Read: Sendable, Equatable {
        /// Everything after it; `nil`: what is the position now?
        public let held: LiveCursor?
        /// When to give up; monotonic nanoseconds.
        public let deadline: UInt64
        /// Whether the client pays for it. What it reads again for our sake is ours.
        public let isCharged: Bool
        /// What a reply to an older wish brings is nobody's.
        let number: UInt32
    }

    /// What is to be done next.
    public enum Action: Equatable {
        case none
        /// Register for the log, then read it: in this order.
        case read(Read)
        /// The same in a moment.
        case retry(Read)
        /// Reading has failed for too long.
        case fail
        /// Frames are to be sent: `take` has them.
        case send
    }

    /// How telling what was read has ended.
    public enum Telling: Sendable {
        case told
        /// The client was told where it is, but not what it has missed.
        case begun
        case refused
    }

    static let patience: UInt64 = 10_000_000_000

    /// What the client holds, or what was handed to the sink behind it. Without a meaning until the first read has come.
    public private(set) var cursor: LiveCursor
    /// Of the newest state that the client was told; -1: of none.
    public private(set) var version: Int64 = -1
    /// As of the last read.
    private var hidden = HiddenAuthors.none
    /// Something is missing up to here, was said during a read: it may not have found that.
    private var missing: Int64 = 0
    private var queue = FrameQueue()
    private var number: UInt32 = 0
    private let limit: UInt16
    public private(set) var phase = Phase.joining
    private var hasPosition: Bool
    /// The queue was cut while joining.
    private var hasOverflowed = false
    private let rules: LiveRules

    /// - Parameters:
    ///   - held: the client's position; `nil`: live from now on.
    ///   - limit: how many frames may wait.
    public init(from held: LiveCursor?, limit: Int, rules: LiveRules = LiveRules()) {
        cursor = held ?? LiveCursor(epoch: 0, position: 0)
        hasPosition = held != nil
        self.limit = UInt16(limit)
        self.rules = rules
    }

    public var waiting: Int { queue.count }

    // MARK: Reading

    /// The connection joins.
    /// - Parameter now: monotonic nanoseconds.
    public mutating func begin(now: UInt64) -> Read { read(now, isCharged: true) }

    /// Something up to this position was missed, or may have been: from now on nothing is told but what a read finds that
    /// begins later. `.max`: whatever the position is.
    public mutating func miss(before position: Int64, now: UInt64) -> Action {
        switch phase {
        case .joining:
            if rules.keep(.findingsWhileReading) { missing = max(missing, position) }
            return .none
        case .live: return cursor.position < position ? .read(read(now, isCharged: false)) : .none
        // They read later anyway.
        case .behind, .blocked, .over: return .none
        }
    }

    private mutating func read(_ now: UInt64, isCharged: Bool) -> Read {
        read(deadline: now + Self.patience, isCharged: isCharged)
    }

    private mutating func read(deadline: UInt64, isCharged: Bool) -> Read {
        phase = .joining
        queue.removeAll()
        hasOverflowed = false
        missing = 0
        number &+= 1
        return Read(held: hasPosition ? cursor : nil, deadline: deadline, isCharged: isCharged, number: number)
    }

    /// Is there still somebody who waits for what this read brings?
    public func awaits(_ read: Read) -> Bool { phase == .joining && read.number == number }

    /// The read has failed, or was not begun for want of room.
    public func failed(_ read: Read, now: UInt64) -> Action {
        guard awaits(read) else { return .none }
        return now < read.deadline ? .retry(read) : .fail
    }

    /// Whether anything may have happened, for all that is known, since the read was begun. Who may be told may be another
    /// question then.
    public func isDoubtful(_ read: Read) -> Bool { awaits(read) && missing == .max }

    /// What was read may be told no more: it is read again.
    public mutating func discard(_ read: Read, now: UInt64) -> Action {
        guard awaits(read) else { return .none }
        return now < read.deadline ? .read(self.read(deadline: read.deadline, isCharged: false)) : .fail
    }

    /// What was read was to be told.
    /// - Parameters:
    ///   - end: everything up to it was found by the read.
    ///   - version: of the newest state that the client knows now; -1: of none.
    ///   - hidden: of whom it is told nothing from now on, as far as the read has found it out.
    public mutating func finished(
        _ read: Read, at end: LiveCursor, version: Int64 = -1, hiding hidden: HiddenAuthors = .none,
        _ telling: Telling, now: UInt64
    ) -> Action {
        guard awaits(read) else { return .none }
        self.hidden = hidden
        guard telling == .told else {
            if telling == .begun { hasPosition = true }
            phase = .blocked
            return .none
        }
        cursor = end
        self.version = max(self.version, version)
        hasPosition = true
        // What waits in the queue may have a gap before it, or tell an older number than the read.
        if missing > end.position || hasOverflowed || waitsOlder { return .read(self.read(now, isCharged: false)) }
        phase = .live
        return .send
    }

    /// Whether an event waits that tells an older number than the client knows.
    private var waitsOlder: Bool {
        guard version >= 0 else { return false }
        return (0..<queue.count).contains { index in
            let frame = queue[index]
            return isOlder(frame) && frame.position > cursor.position
        }
    }

    /// Whether an event tells an older number than the client knows: then it is missed, and a read finds what it is about.
    func isOlder(_ frame: SharedFrame) -> Bool { !frame.isState && 0 <= frame.version && frame.version < version }

    // MARK: Live

    /// Whether an event that names its author can't be told as it comes: then it is missed, and a read finds it.
    public var readsAuthors: Bool { hidden == .tooMany }

    /// An event of the log.
    /// - Returns: false when there is no room for it: send what waits and offer it again, or it counts as too much.
    public mutating func offer(_ frame: SharedFrame) -> Bool {
        switch phase {
        case .live where frame.position <= cursor.position && rules.keep(.covered): return true
        case .joining where !rules.keep(.waiting): return true
        case .joining where hasOverflowed: return true
        case .live, .joining:
            if frame.isState, !replaceState(by: frame) { return true }
            guard queue.count < Int(limit) else { return false }
            queue.append(frame)
            return true
        case .behind, .blocked, .over: return true
        }
    }

    /// One state waits at most, the newest.
    /// - Returns: false when there is a newer one.
    private mutating func replaceState(by frame: SharedFrame) -> Bool {
        guard frame.version > version else { return false }
        guard let index = (0..<queue.count).first(where: { queue[$0].isState }) else { return true }
        guard frame.version > queue[index].version else { return false }
        queue.remove(at: index)
        return true
    }

    /// Too much waits.
    public mutating func fall() {
        queue.removeAll()
        switch phase {
        case .joining: hasOverflowed = rules.keep(.overflow)
        case .live: if rules.keep(.falling) { phase = .behind }
        case .behind, .blocked, .over: break
        }
    }

    /// Takes out the frames that wait. Those that `tells` agrees to are to be sent, in their order; what can't be sent now is
    /// put back.
    mutating func take() -> FrameQueue {
        guard phase == .live else { return FrameQueue() }
        defer { queue = FrameQueue() }
        return queue
    }

    /// Frames of what was taken, from this one on.
    mutating func putBack(_ frames: FrameQueue, from index: Int) {
        queue = frames
        queue.removeFirst(index)
    }

    /// Whether the frame is told: what a read has covered is left out.
    mutating func tells(_ frame: SharedFrame) -> Bool {
        guard frame.position > cursor.position || !rules.keep(.covered) else { return false }
        cursor = LiveCursor(epoch: cursor.epoch, position: frame.position)
        return frame.isPlain || tellsSpecial(frame)
    }

    private mutating func tellsSpecial(_ frame: SharedFrame) -> Bool {
        if frame.isState {
            guard frame.version > version else { return false }
            version = frame.version
        }
        if let author = frame.author, hidden.contains(author) { return false }
        return !frame.isSilent
    }

    /// What was written has left.
    public mutating func drained(now: UInt64) -> Action {
        switch phase {
        case .live: .send
        case .behind, .blocked: .read(read(now, isCharged: false))
        case .joining, .over: .none
        }
    }

    /// Nothing is told any more.
    public mutating func end() {
        phase = .over
        queue.removeAll()
    }
}
