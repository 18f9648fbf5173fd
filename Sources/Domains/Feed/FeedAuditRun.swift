import Core
import Store

/// `martlet audit feeds`: some feeds, or all.
public struct FeedAuditRun: Sendable {
    public enum Extent: Sendable {
        /// So many users, taken at random; 1 to `mostUsers`.
        case sample(Int)
        case all
    }

    public static let mostUsers = 100_000
    /// Users a second at most: others need the database, too.
    public static let perSecond = 200
    private static let page = 50
    /// With more of these it looks at no others.
    private static let mostSuspects = 1_000

    private let audit: FeedAudit
    private let database: Database
    private let patience: Double

    /// - Parameter patience: for how many seconds what was found must be found again and again.
    init(_ audit: FeedAudit, database: Database, patience: Double = 10) {
        (self.audit, self.database, self.patience) = (audit, database, patience)
    }

    /// - Parameters:
    ///   - repairs: makes the next reads right; then none has failed.
    ///   - report: what is wrong with a feed for good.
    /// - Returns: how many feeds are right, and how many are not. Strays fail nobody.
    public func run(
        _ extent: Extent, repairs: Bool, _ report: (FeedFinding) -> Void
    ) async throws -> (passed: Int, failed: Int) {
        var suspects = FeedSuspects(pause: min(2, patience), patience: patience)
        var (total, failed) = (0, 0)
        func lookAgain() async throws {
            for user in suspects.due(now: monotonicNanoseconds()) {
                let found = try await audit.look(at: user)
                guard let finding = suspects.again(user, found, now: monotonicNanoseconds()) else { continue }
                report(finding)
                if repairs { try await audit.repair(finding) }
                if finding.isFailure, !repairs { failed += 1 }
            }
        }
        try await forEachPage(of: extent) { users in
            let began = monotonicNanoseconds()
            for user in users {
                if let finding = try await audit.look(at: user) { suspects.add(finding, now: monotonicNanoseconds()) }
            }
            total += users.count
            try await lookAgain()
            while suspects.count > Self.mostSuspects {
                try await Task.sleep(nanoseconds: 100_000_000)
                try await lookAgain()
            }
            let due = began + UInt64(users.count) * 1_000_000_000 / UInt64(Self.perSecond)
            let now = monotonicNanoseconds()
            if due > now { try await Task.sleep(nanoseconds: due - now) }
        }
        while suspects.count > 0 {
            try await Task.sleep(nanoseconds: 50_000_000)
            try await lookAgain()
        }
        return (total - failed, failed)
    }

    private func forEachPage(of extent: Extent, _ each: ([ID]) async throws -> Void) async throws {
        switch extent {
        case .sample(let count):
            let rows = try await database.query("SELECT id FROM users ORDER BY random() LIMIT \(count)")
            let users = try rows.map { try $0.id("id") }
            for start in stride(from: 0, to: users.count, by: Self.page) {
                try await each(Array(users[start..<min(start + Self.page, users.count)]))
            }
        case .all:
            var place = ID.zero
            while true {
                let rows = try await database.query(
                    "SELECT id FROM users WHERE id > \(place) ORDER BY id LIMIT \(Self.page)")
                let users = try rows.map { try $0.id("id") }
                guard let last = users.last else { return }
                try await each(users)
                place = last
            }
        }
    }
}
