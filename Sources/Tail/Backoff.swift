/// How long to wait before the next attempt: what the server asked for, and full jitter over a span that doubles with
/// each failure, so that many clients don't come back in step.
struct Backoff {
    private static let longestSpan = 30_000
    private static let longestRetry = 300_000
    /// Milliseconds; the server's word.
    private(set) var retry = 0
    private(set) var failures = 0

    mutating func setRetry(_ milliseconds: Int) { retry = min(milliseconds, Self.longestRetry) }

    mutating func succeeded() { failures = 0 }

    /// - Parameter after: milliseconds that must pass at least.
    mutating func next(after: Int, random: (ClosedRange<Int>) -> Int) -> Int {
        let span = min(Self.longestSpan, 1000 << min(failures, 5))
        failures += 1
        return max(retry, after) + random(0...span)
    }
}
