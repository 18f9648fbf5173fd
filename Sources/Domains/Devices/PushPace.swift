import Core

/// How often a device is pushed to about one group of notifications: the first push goes at once, later ones at growing distances, or a
/// post that ten thousand people like would push as often. What has to wait is sent with what is so then, for a push says how the group
/// is when it goes; of several that wait the newest is kept.
struct PushPace: Sendable, Equatable {
    /// Waits behind the first, second, … push, as multiples of the least one; the last is that of all others. After another wait
    /// without a push it begins anew.
    static let steps: [Int64] = [1, 5, 15, 60]

    /// The newest that was let pass.
    private(set) var passed: ID?
    /// What waits for its time.
    private(set) var waiting: ID?
    /// Pushes since it began.
    private(set) var pushes: Int
    /// Milliseconds since 1970: none before then.
    private(set) var next: Int64

    /// Of what was never pushed.
    init() { (pushes, next) = (0, 0) }

    init(passed: ID?, waiting: ID?, pushes: Int, next: Int64) {
        (self.passed, self.waiting, self.pushes, self.next) = (passed, waiting, pushes, next)
    }

    private func wait(_ least: Int64) -> Int64 { least * Self.steps[min(max(pushes, 1), Self.steps.count) - 1] }

    /// - Parameters:
    ///   - now: milliseconds since 1970.
    ///   - least: the first wait, in milliseconds.
    /// - Returns: what becomes of it, and which other one a newer one has taken the place of.
    mutating func ask(_ notification: ID, now: Int64, least: Int64) -> (turn: PushTurn, replaced: ID?) {
        // Another attempt of the same, or its sender has died.
        if notification == passed { return (.now, nil) }
        if let passed, notification < passed { return (.replaced, nil) }
        if let waiting, notification < waiting { return (.replaced, nil) }
        let other = waiting == notification ? nil : waiting
        guard now >= next else {
            waiting = notification
            return (.later(next), other)
        }
        let isCalm = now - next >= wait(least)
        pushes = isCalm ? 1 : min(pushes + 1, Self.steps.count)
        (passed, waiting, next) = (notification, nil, now + wait(least))
        return (.now, other)
    }
}

/// Whether a push may go.
public enum PushTurn: Sendable, Equatable {
    case now
    /// Not before then, in milliseconds since 1970.
    case later(Int64)
    /// A newer one of its group has taken its place.
    case replaced
}
