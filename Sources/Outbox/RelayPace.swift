import EventLog

/// How much the relay may give to the log's readers. While they are behind it waits, so that what can't be handled yet stays
/// in the outbox, in its order, where the side that writes sees it. The limits are also what keeps the log's partitions
/// close together: a post that comes behind 800 newer ones of a feed has no place in its timeline any more, and its
/// followers must read anew.
struct RelayPace: Sendable {
    /// Events that are moved at a time.
    static let batch = 200
    /// Records that the readers may have before them.
    static let most = 600
    /// When the first record has waited for so many milliseconds, some are enough.
    static let patience = 300
    static let some = 50
    /// Nanoseconds for which a look at the readers holds.
    static let interval: UInt64 = 100_000_000

    private var lookedAt: UInt64?

    /// Whether the readers must be looked at before the next move.
    /// - Parameter now: nanoseconds of a clock that never steps.
    func mustLook(now: UInt64) -> Bool {
        lookedAt.map { now - $0 > Self.interval } ?? true
    }

    /// - Parameter waiting: what the readers have before them.
    /// - Returns: whether more may be moved.
    mutating func admits(_ waiting: LogBacklog, now: UInt64) -> Bool {
        guard waiting.records < (waiting.age > Self.patience ? Self.some : Self.most) else { return false }
        lookedAt = now
        return true
    }

    mutating func moved(_ count: Int) {
        // A full batch may have more behind it, and is as much as the readers are given unseen.
        if count == Self.batch { lookedAt = nil }
    }
}
