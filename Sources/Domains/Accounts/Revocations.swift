public import Core
import Runtime
import Store
import Synchronization

/// The sessions that ended while an access token of theirs may still be valid. Each process keeps them in memory: loaded
/// from PostgreSQL, told of new ones by NOTIFY, and looked for every five seconds in case that one was not heard; so a token
/// check costs no query. A session goes from here when its longest token has ended: what is held is what ended within
/// sixteen minutes, which the limits of log-ins bound, and what the operator's tools made.
public final class Revocations: Sendable {
    /// How long the tokens of a session may live on after its end, in seconds, with what clocks differ.
    static let seconds = TokenLife.accessSeconds + clockSkew
    static let clockSkew: Int64 = 60
    /// How often new ones are looked for, in seconds.
    private static let interval: UInt64 = 5
    /// By how many seconds each look goes further back than the one before: an end is dated by the beginning of its
    /// transaction, and seen after the commit.
    private static let overlap: UInt64 = 120

    private struct State {
        /// Until when each must be known, in milliseconds since 1970.
        var ended: [ID: Int64] = [:]
        /// All up to this one have ended.
        var upTo = ID.zero
    }

    private let state = Mutex(State())
    /// When the last look began, by the clock that never steps.
    private let lookedAt = Mutex<UInt64?>(nil)
    private let clock: any WallClock
    private let size = Metrics.shared.queue("ended_sessions", limit: nil)
    private let observers = Mutex<[@Sendable (Set<ID>) -> Void]>([])
    private let observersOfAll = Mutex<[@Sendable (ID) -> Void]>([])

    public init(clock: any WallClock) {
        self.clock = clock
    }

    /// Called with the sessions that end from now on, those that were found together at once, on the caller's thread of
    /// `add`.
    public func observe(_ action: @escaping @Sendable (Set<ID>) -> Void) {
        observers.withLock { $0.append(action) }
    }

    /// Called when all sessions up to one end at once.
    public func observeAll(_ action: @escaping @Sendable (ID) -> Void) {
        observersOfAll.withLock { $0.append(action) }
    }

    /// What a notification says; what is none is passed over.
    public func hear(_ payload: String) {
        if let session = ID(payload) {
            add([session])
        } else if payload.hasPrefix(Self.all), let last = ID(payload.dropFirst(Self.all.count)) {
            endAll(upTo: last)
        }
    }

    /// Before the last session, where a notification is about all up to it.
    static let all = "to "

    func endAll(upTo last: ID) {
        let isNew = state.withLock { state in
            defer { state.upTo = max(state.upTo, last) }
            return state.upTo < last
        }
        guard isNew else { return }
        for action in observersOfAll.withLock({ $0 }) { action(last) }
    }

    /// Sessions as log-ins give them.
    public func add(_ sessions: some Sequence<ID>) {
        let until = clock.milliseconds() + Self.seconds * 1000
        add(sessions.map { ($0, until) })
    }

    /// - Parameter until: when the session's longest token ends, in milliseconds since 1970.
    func add(_ sessions: [(session: ID, until: Int64)]) {
        let new = state.withLock { state in
            var new: Set<ID> = []
            for (session, until) in sessions where session > state.upTo {
                let known = state.ended.updateValue(until, forKey: session)
                if let known, known > until { state.ended[session] = known }
                if known == nil { new.insert(session) }
            }
            size.set(state.ended.count)
            return new
        }
        guard !new.isEmpty else { return }
        for action in observers.withLock({ $0 }) { action(new) }
    }

    public func contains(_ session: ID) -> Bool {
        state.withLock { session <= $0.upTo || $0.ended[session] != nil }
    }

    /// Reads what has ended since the last look; the first time, whatever still has tokens.
    public func load(from source: some EndedSessions) async throws {
        let now = monotonicNanoseconds()
        let since = lookedAt.withLock { $0 }.map { Int64((now - $0) / 1_000_000_000 + Self.overlap) }
        // In this order: those that have ended with all say so by and by, and are not to be taken for ones that ended by themselves.
        let found = try await source.endedSessions(withinSeconds: since)
        endAll(upTo: try await source.lastEnded())
        add(found)
        lookedAt.withLock { $0 = max($0 ?? 0, now) }
        forget()
    }

    /// As `load`; what fails is made up for by the next look.
    public func reload(from source: some EndedSessions) async {
        do {
            try await load(from: source)
        } catch {
            Log.warning(.endedSessionsNotLoaded, ["error": .text("\(error)")])
        }
    }

    /// Looks again and again, until the task is cancelled.
    public func follow(_ source: some EndedSessions) async {
        while (try? await Task.sleep(nanoseconds: Self.interval * 1_000_000_000)) != nil {
            await reload(from: source)
        }
    }

    /// Those whose tokens have all ended.
    func forget() {
        let now = clock.milliseconds()
        state.withLock { state in
            state.ended = state.ended.filter { $0.value > now && $0.key > state.upTo }
            size.set(state.ended.count)
        }
    }
}
