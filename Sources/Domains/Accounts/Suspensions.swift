public import Core
import Runtime
public import Store
import Synchronization

/// Who is suspended and has sessions: they read, and nothing else. As with `Revocations`, each process keeps them in memory,
/// told of each change by NOTIFY, and reads them anew every five seconds in case that one was not heard; so it costs a request
/// no query. What others see of them is asked in the database (`Standing`).
public final class Suspensions: Sendable {
    /// How often they are read anew, in seconds.
    private static let interval: UInt64 = 5

    private struct State {
        /// Until when, in milliseconds since 1970.
        var ends: [ID: Int64] = [:]
        /// How often somebody was told.
        var changes = 0

        /// One that has come to its end may still be known.
        func isSuspended(_ user: ID, _ now: Int64) -> Bool { ends[user].map { $0 > now } ?? false }
    }

    private let state = Mutex(State())
    private let clock: any WallClock
    private let size = Metrics.shared.queue("suspended_users", limit: nil)
    private let observers = Mutex<[@Sendable (Set<ID>) -> Void]>([])

    public init(clock: any WallClock) {
        self.clock = clock
    }

    /// Called with the users who are suspended from now on.
    public func observe(_ action: @escaping @Sendable (Set<ID>) -> Void) {
        observers.withLock { $0.append(action) }
    }

    public func contains(_ user: ID) -> Bool {
        let now = clock.milliseconds()
        return state.withLock { $0.isSuspended(user, now) }
    }

    // MARK: Changes

    /// - Parameter suspension: `nil`: there is none any more.
    public func set(_ user: ID, _ suspension: Suspension?) {
        let now = clock.milliseconds()
        let isNew = state.withLock { state in
            state.changes += 1
            let wasSuspended = state.isSuspended(user, now)
            state.ends[user] = suspension?.end
            size.set(state.ends.count)
            return suspension != nil && !wasSuspended
        }
        if isNew { tell([user]) }
    }

    /// What a notification says; what is none is passed over.
    public func hear(_ payload: String) {
        let parts = payload.split(separator: " ")
        guard parts.count == 2, let user = ID(String(parts[0])), let end = Int64(parts[1]) else { return }
        set(user, end == 0 ? nil : Suspension(end: end))
    }

    /// Reads all of them. One of which somebody was told meanwhile may not be in it yet: then it is read again.
    public func load(from database: Database) async throws {
        while !Task.isCancelled {
            let changes = state.withLock { $0.changes }
            let rows = try await database.query(Self.all)
            let ends = Dictionary(
                try rows.map { (try $0.id("id"), try $0.integer("suspended_until")) }, uniquingKeysWith: { $1 })
            let now = clock.milliseconds()
            let new: Set<ID>? = state.withLock { state in
                guard state.changes == changes else { return nil }
                let new = Set(ends.keys.filter { !state.isSuspended($0, now) })
                state.ends = ends
                size.set(ends.count)
                return new
            }
            if let new { return tell(new) }
        }
    }

    /// As `load`; what fails is made up for by the next look.
    public func reload(from database: Database) async {
        do {
            try await load(from: database)
        } catch {
            Log.warning(.suspensionsNotLoaded, ["error": .text("\(error)")])
        }
    }

    /// Looks again and again, until the task is cancelled.
    public func follow(_ database: Database) async {
        while (try? await Task.sleep(nanoseconds: Self.interval * 1_000_000_000)) != nil {
            await reload(from: database)
        }
    }

    private func tell(_ new: Set<ID>) {
        guard !new.isEmpty else { return }
        for action in observers.withLock({ $0 }) { action(new) }
    }

    // MARK: In the database

    /// NOTIFY on this channel tells every process of a change.
    public static let channel: StaticString = "martlet_suspension"

    /// Tells all processes, once it is committed.
    static func notification(of user: ID, _ suspension: Suspension?) -> SQL {
        "SELECT pg_notify(\(channel.description), \("\(user) \(suspension?.end ?? 0)"))"
    }

    private static let all: SQL = """
        SELECT u.id, \(Suspension.milliseconds("u.suspended_until")) AS suspended_until FROM users u
        WHERE u.suspended_until > now() AND EXISTS (
            SELECT FROM sessions s WHERE s.user_id = u.id AND s.ended_at IS NULL)
        """
}
