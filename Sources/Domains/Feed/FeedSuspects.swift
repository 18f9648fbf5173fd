import Core

/// Feeds that looked wrong. They are looked at again until they are right, for what was wrong was under way, or have stayed
/// wrong for some time.
struct FeedSuspects: Sendable {
    private struct Suspect {
        var finding: FeedFinding
        let since: UInt64
        var next: UInt64
    }

    private let pause: UInt64
    private let patience: UInt64
    private var suspects: [ID: Suspect] = [:]

    /// - Parameters:
    ///   - pause: seconds between two looks.
    ///   - patience: seconds from the first look to the last one.
    init(pause: Double, patience: Double) {
        (self.pause, self.patience) = (UInt64(pause * 1e9), UInt64(patience * 1e9))
    }

    var count: Int { suspects.count }

    /// What the first look has found.
    mutating func add(_ finding: FeedFinding, now: UInt64) {
        suspects[finding.user] =
            suspects[finding.user]
            ?? Suspect(finding: finding, since: now, next: now + min(pause, patience))
    }

    /// Whom to look at now.
    func due(now: UInt64) -> [ID] {
        suspects.filter { $0.value.next <= now }.map(\.key).sorted()
    }

    /// What another look has found.
    /// - Returns: what is wrong with it for good: it is no suspect any more.
    mutating func again(_ user: ID, _ found: FeedFinding?, now: UInt64) -> FeedFinding? {
        guard var suspect = suspects.removeValue(forKey: user), let found else { return nil }
        suspect.finding = found.still(suspect.finding)
        guard suspect.finding.isFailure || suspect.finding.hasStrays else { return nil }
        guard now < suspect.since + patience else { return suspect.finding }
        suspect.next = min(now + pause, suspect.since + patience)
        suspects[user] = suspect
        return nil
    }
}
