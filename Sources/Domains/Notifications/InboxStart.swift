import Store
import Synchronization

/// Since when there are inboxes. A new group of readers begins with all that the log holds: what happened before is news to nobody.
final class InboxStart: Sendable {
    private let database: Database
    private let known = Mutex<Int64?>(nil)

    init(database: Database) { self.database = database }

    /// Milliseconds since 1970.
    func time() async throws -> Int64 {
        if let time = known.withLock({ $0 }) { return time }
        let time = try await database.query("SELECT since FROM notification_start")[0].integer("since")
        known.withLock { $0 = time }
        return time
    }
}
