public import Core
import Runtime
import Store
import Synchronization

/// The sessions that ended while an access token of theirs may still be valid. Each process keeps them in memory: loaded
/// from PostgreSQL, and told of new ones by NOTIFY, so that a token check costs no query.
public final class Revocations: Sendable {
    private let ended = Mutex<[ID: Int64]>([:])
    private let clock: any WallClock
    private let size = Metrics.shared.queue("ended_sessions", limit: nil)
    private let observers = Mutex<[@Sendable (ID) -> Void]>([])

    public init(clock: any WallClock) {
        self.clock = clock
    }

    /// Called for each session that ends from now on, on the caller's thread of `add`.
    public func observe(_ action: @escaping @Sendable (ID) -> Void) {
        observers.withLock { $0.append(action) }
    }

    public func add(_ session: ID) {
        let now = clock.milliseconds()
        let isNew = ended.withLock { ended in
            if ended.count > 10_000 {
                ended = ended.filter { $0.value > now - (Accounts.accessTokenSeconds + 60) * 1000 }
            }
            defer { size.set(ended.count) }
            return ended.updateValue(now, forKey: session) == nil
        }
        guard isNew else { return }
        for action in observers.withLock({ $0 }) { action(session) }
    }

    public func contains(_ session: ID) -> Bool {
        ended.withLock { $0[session] != nil }
    }

    /// Reads what ended lately; called at the start and whenever notifications may have been missed.
    public func reload(from accounts: Accounts) async {
        do {
            for session in try await accounts.recentlyEndedSessions() { add(session) }
        } catch {
            Log.warning("ended sessions not loaded", ["error": .text("\(error)")])
        }
    }
}
