/// When a look into the outbox begins at its very start, and not above what is known to be gone: should an id ever come
/// from below (a sequence that was set back). A full look past many dead rows takes long: these take a hundredth of the
/// time at most.
struct FullLooks: Sendable {
    /// Nanoseconds.
    static let pause: UInt64 = 10_000_000_000
    private var dueAt: UInt64 = 0

    /// - Parameter now: nanoseconds of a clock that never steps.
    /// - Returns: whether this look is a full one.
    mutating func begin(now: UInt64) -> Bool {
        guard now >= dueAt else { return false }
        dueAt = now + Self.pause
        return true
    }

    /// A full look has ended.
    mutating func end(startedAt start: UInt64, now: UInt64) {
        dueAt = max(dueAt, start + max(Self.pause, (now - start) * 100))
    }
}
