import Core
import DomainKit
import EventLog
import Posts
import Store
import Synchronization

/// Tells changes of posts once more that the event log has forgotten, however: a topic was deleted, a broker lost its disk, records
/// have aged out, the database was restored and the log was not.
///
/// What is late may only wait. So it is told again when who brings it to feeds has read all there was: at three looks, one behind
/// the other. By the first the relay had moved it, by the second the planner had read it, by the third its chunks were done.
final class LostChanges: Sendable {
    /// Seconds between two looks.
    static let pace = 5
    /// Told at a time.
    private static let step = 100
    /// Seconds behind which a change is late.
    private static let patience = 30
    /// Then it is told no more, for it is something else.
    private static let mostTries = 12

    private let database: Database
    private let arrivals: Arrivals
    private let rows: PostRow
    private let progress: FanOutProgress
    private let clock: any WallClock
    /// Since when, in milliseconds, each look has found that all was read; `nil`: the last one has not.
    private let readSince = Mutex<Int64?>(nil)
    private let overdue = Metrics.shared.gauge(.overdueChanges)
    private let lost = Metrics.shared.counter(.lostChanges)
    private let abandoned = Metrics.shared.counter(.abandonedChanges)

    init(_ database: Database, _ rows: PostRow, _ progress: FanOutProgress, clock: any WallClock) {
        (self.database, self.rows, self.progress, self.clock) = (database, rows, progress, clock)
        arrivals = Arrivals(database: database)
    }

    /// One look.
    func run() async throws -> Job.Outcome {
        let now = clock.milliseconds()
        if try await arrivals.look(now: now) { return .more }
        overdue.set(try await database.query(OpenChanges.overdue)[0].int("count"))
        let due = try await database.query(OpenChanges.due(olderThan: Self.patience, limit: Self.step))
        let posts = try due.map { (post: try $0.id("post_id"), author: try $0.id("author_id")) }
        guard !posts.isEmpty, try await isRead(now: now) else {
            if posts.isEmpty { readSince.withLock { $0 = nil } }
            return .idle
        }
        let told = try await tell(Set(posts.map(\.post)), of: Set(posts.map(\.author)))
        guard told == Self.step else { return .idle }
        // No faster than what is new can be brought to feeds beside it: more in the outbox would have writes refused.
        try? await Task.sleep(nanoseconds: 500_000_000)
        return .more
    }

    /// Whether what was committed half a minute ago has been read by all.
    private func isRead(now: Int64) async throws -> Bool {
        let isRead = try await progress.hasCaughtUp()
        return readSince.withLock { since in
            // A clock that was set back begins anew, or this would wait until it is there again.
            since = isRead ? min(since ?? now, now) : nil
            return since.map { now - $0 >= 4 * FanOutProgress.margin } ?? false
        }
    }

    /// - Returns: how many there were.
    private func tell(_ posts: Set<ID>, of authors: Set<ID>) async throws -> Int {
        let (told, given) = try await database.transaction { transaction in
            try await transaction.query(
                "SELECT id FROM users WHERE id = ANY (\(Array(authors))::bigint[]) ORDER BY id FOR NO KEY UPDATE")
            let results = try await transaction.batch([
                OpenChanges.take(Array(posts)), OpenChange.posts(Array(posts), rows),
                "SELECT p.id FROM posts p WHERE p.id = ANY (\(Array(posts))::bigint[]) AND \(Arrivals.areMissing("p"))",
            ])
            let changes = try results[0].compactMap { try OpenChange($0) }.filter { authors.contains($0.author) }
            var present: [ID: PostView] = [:]
            for row in results[1] where try row.bool("is_there") { present[try row.id("id")] = try rows.view(row) }
            let missing = Set(try results[2].map { try $0.id("id") })
            var (told, done, given): ([(OpenChange, SQL)], [OpenChange], [OpenChange]) = ([], [], [])
            for change in changes {
                if change.tries >= Self.mostTries { given.append(change) }
                if change.tries < Self.mostTries, change.kind != .created || missing.contains(change.post),
                    let event = change.event(present[change.post])
                {
                    told.append((change, event))
                } else {
                    done.append(change)
                }
            }
            try await transaction.commit(
                told.map(\.1) + [OpenChanges.repeated(told.map(\.0)), OpenChanges.dropped(done)])
            return (told.map(\.0), given)
        }
        note(told, given)
        return told.count
    }

    private func note(_ told: [OpenChange], _ given: [OpenChange]) {
        if !told.isEmpty {
            lost.add(told.count)
            Log.warning(.changesLost, ["count": .number(Int64(told.count)), "changes": Self.names(of: told)])
        }
        if !given.isEmpty {
            abandoned.add(given.count)
            Log.error(.changesAbandoned, ["count": .number(Int64(given.count)), "changes": Self.names(of: given)])
        }
    }

    /// Some of them.
    private static func names(of changes: [OpenChange]) -> Log.Field {
        .text(changes.prefix(20).map { "\($0.kind.rawValue) \($0.post)" }.joined(separator: ", "))
    }
}
