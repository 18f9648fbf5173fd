public import Core
public import Store
import Synchronization

/// Keeps a node number for a process that makes ids, by a row of PostgreSQL. While it is unsure of the number, `ids`
/// makes none. The rule is `LeaseRule`'s.
public final class NodeLease: Sendable {
    /// For a number that is fixed, too.
    public static let gauge = Metrics.shared.gauge(.idNode)
    private static let lookEvery: UInt64 = 250_000_000
    private let store: LeaseStore
    private let ids: IDGenerator
    private let clock: any WallClock
    private let steady: @Sendable () -> UInt64
    private let state = Mutex(LeaseState())
    private let keeping = Mutex<Task<Void, Never>?>(nil)

    /// - Parameters:
    ///   - ids: without a number of its own.
    ///   - clock: the same as that of `ids`.
    ///   - steady: nanoseconds of a clock that never steps.
    public init(
        database: Database, ids: IDGenerator, clock: any WallClock,
        steady: @escaping @Sendable () -> UInt64 = monotonicNanoseconds
    ) {
        store = LeaseStore(database: database)
        self.ids = ids
        self.clock = clock
        self.steady = steady
    }

    /// Takes a number, and keeps one until `release`.
    /// - Throws: `NodeLeaseError` where there is none, `PgError`.
    public func start() async throws {
        try await take()
        let task = Task(priority: .high) {
            while !Task.isCancelled {
                await look()
                try? await Task.sleep(nanoseconds: Self.lookEvery)
            }
        }
        keeping.withLock { $0 = task }
    }

    /// Does what is due. One at a time.
    func look() async {
        let action = state.withLock { $0.action(at: time, last: ids.lastMilliseconds) }
        do {
            switch action {
            case .nothing: break
            case .take: try await take()
            case .renew(let lease, let until): try await renew(lease, until: until)
            }
        } catch {
            let failures = state.withLock { state in
                state.failed(at: time)
                return state.failures
            }
            if failures == 1 || failures % 20 == 0 { Log.warning(.nodeUnsure, ["error": .text("\(error)")]) }
        }
    }

    private func take() async throws {
        let (lease, above) = try await store.take(now: clock.milliseconds(), last: ids.lastMilliseconds)
        state.withLock { $0.took(lease, at: time) }
        ids.grant(node: lease.number, above: above, until: lease.idsUntil)
        Self.gauge.set(lease.number)
        Log.info(.nodeLeased, ["number": .number(Int64(lease.number))])
    }

    private func renew(_ lease: Lease, until: Int64) async throws {
        if try await store.renew(lease, until: until) {
            state.withLock { $0.renewed(until: until, at: time) }
            ids.extend(until: until)
        } else {
            forget()
            Log.warning(.nodeLost, ["number": .number(Int64(lease.number))])
            try await take()
        }
    }

    /// Whether ids can be made.
    public var isHeld: Bool { state.withLock { $0.lease.map { clock.milliseconds() < $0.idsUntil } ?? false } }

    /// Makes no more ids, and gives the number to whoever comes next.
    public func release() async {
        let task = keeping.withLock { $0.take() }
        task?.cancel()
        await task?.value
        guard let lease = state.withLock({ $0.lease }) else { return }
        let last = forget()
        do {
            try await store.release(lease, last: last)
        } catch {
            // It falls silent, and is free a minute later.
            Log.warning(.nodeKept, ["number": .number(Int64(lease.number)), "error": .text("\(error)")])
        }
    }

    /// - Returns: the latest time of an id, in milliseconds since 1970.
    @discardableResult
    private func forget() -> Int64 {
        state.withLock { $0.lost() }
        Self.gauge.set(-1)
        return ids.revoke()
    }

    private var time: LeaseState.Time {
        LeaseState.Time(wall: clock.milliseconds(), steady: Int64(steady() / 1_000_000))
    }
}
