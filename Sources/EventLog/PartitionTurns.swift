/// When a partition's next turn is (`TurnHandler`). A value without I/O; times are monotonic nanoseconds.
package struct PartitionTurns: Sendable {
    package private(set) var isRunning = false
    /// The first one has ended well.
    package private(set) var hasBegun = false
    /// `nil`: not before it is woken.
    package private(set) var dueAt: UInt64? = 0
    private var isWoken = false

    private static let pause: UInt64 = 1_000_000_000

    package init() {}

    /// Whether one is due. The caller runs it, and says how it has ended.
    package mutating func start(now: UInt64) -> Bool {
        guard !isRunning, let dueAt, dueAt <= now else { return false }
        (isRunning, isWoken) = (true, false)
        return true
    }

    /// - Parameter next: milliseconds; `nil`: not before it is woken.
    package mutating func end(next: Int?, now: UInt64) {
        hasBegun = true
        stop(at: next.map { now + UInt64(max(0, $0)) * 1_000_000 }, now)
    }

    /// It comes again after a pause.
    package mutating func fail(now: UInt64) { stop(at: now + Self.pause, now) }

    /// One is due at once, or again behind the one that runs.
    package mutating func wake(now: UInt64) {
        isWoken = true
        if !isRunning { dueAt = now }
    }

    private mutating func stop(at next: UInt64?, _ now: UInt64) {
        isRunning = false
        dueAt = isWoken ? now : next
    }
}
