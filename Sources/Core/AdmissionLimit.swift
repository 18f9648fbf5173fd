/// How many requests may be in work at a time. It follows how long they take: above the target it shrinks, at once; when
/// it is used up and they are quick, it grows, slowly. So what is admitted never waits for long behind other requests,
/// wherever they queue, and what is refused is refused before any work is done. No clock and no I/O.
///
/// Growing by steps and shrinking by factors is what TCP does, for the same reason: kinds of requests that share a
/// bottleneck, each with a limit of its own, come to equal parts of it.
public struct AdmissionLimit: Sendable {
    public struct Rule: Sendable {
        /// How long a request should take at most, in nanoseconds.
        public var target: UInt64
        public var least: Int
        public var most: Int
        public var first: Int
        public var step: Int

        public init(targetMilliseconds: Int, least: Int, most: Int, first: Int, step: Int) {
            target = UInt64(targetMilliseconds) * 1_000_000
            self.least = least
            self.most = most
            self.first = first
            self.step = step
        }
    }

    /// How often the limit is set anew.
    static let window: UInt64 = 100_000_000

    public let rule: Rule
    public private(set) var limit: Int
    public private(set) var inWork = 0
    private var windowStart: UInt64 = 0
    private var peak = 0
    private var wasUsedUp = false
    private var wasRefused = false
    private var sum = 0.0
    private var sumOfSquares = 0.0

    public init(_ rule: Rule) {
        self.rule = rule
        limit = rule.first
    }

    /// - Parameter now: nanoseconds of a clock that never steps.
    /// - Returns: whether the request may be worked on; then `finished` must follow.
    public mutating func admit(now: UInt64) -> Bool {
        adjust(now)
        guard inWork < limit else {
            wasUsedUp = true
            return false
        }
        inWork += 1
        peak = max(peak, inWork)
        return true
    }

    /// - Parameter took: nanoseconds since the request came.
    public mutating func finished(took: UInt64, now: UInt64) {
        inWork -= 1
        sum += Double(took)
        sumOfSquares += Double(took) * Double(took)
        adjust(now)
    }

    /// What was admitted is not done after all: nothing is learned of it.
    public mutating func withdrawn() { inWork -= 1 }

    /// Whoever is behind it says that it is too much: half, at once; but once in a window, for what was in work together is
    /// refused together.
    public mutating func refused(now: UInt64) {
        adjust(now)
        guard !wasRefused else { return }
        wasRefused = true
        limit = max(rule.least, min(limit, max(peak, 1)) / 2)
    }

    private mutating func adjust(_ now: UInt64) {
        guard now >= windowStart + Self.window else { return }
        // While nothing is finished, nothing is known.
        if sum > 0, !wasRefused { learn() }
        wasRefused = false
        windowStart = now
        peak = inWork
        wasUsedUp = false
        sum = 0
        sumOfSquares = 0
    }

    private mutating func learn() {
        // Each request counts by the time that it took, so that many quick refusals don't hide that others wait.
        let typical = sumOfSquares / sum
        let target = Double(rule.target)
        // A few that are slow are not slow because of each other.
        if typical > target, wasUsedUp || 2 * peak > limit {
            limit = max(rule.least, Int(Double(min(limit, peak)) * max(0.5, target / typical)))
        } else if wasUsedUp, typical <= target {
            limit = min(rule.most, limit + rule.step)
        }
    }
}
