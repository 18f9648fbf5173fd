import Core
import Runtime

/// Connections to one database, on a loop's thread. Single batches share connections by pipelining; a transaction has
/// one for itself. What can't be served at once waits in order, bounded in number and time; but a quarter of the connections is
/// batches' alone, so these, which are short, don't wait behind a crowd of transactions.
final class PgPool {
    /// A transaction's hold on its connection.
    final class Lease {
        let connection: PgConnection
        /// BEGIN was sent, and neither COMMIT nor ROLLBACK.
        var hasBegun = false
        /// Goes out before what comes next.
        var postponed: [RenderedSQL] = []

        init(_ connection: PgConnection) { self.connection = connection }

        /// What is to be sent before the next statement.
        func ahead() -> [RenderedSQL] {
            defer { (hasBegun, postponed) = (true, []) }
            return hasBegun ? postponed : [SQL("BEGIN").rendered()] + connection.prelude + postponed
        }
    }

    private enum Work {
        case batch([RenderedSQL], PgConnection.Completion)
        case lease((Result<LoopBound<Lease>, PgError>) -> Void)
    }

    private struct Waiter {
        let work: Work
        let deadline: UInt64
    }

    private let loop: EventLoop
    private let options: DatabaseOptions
    private var free: [PgConnection] = []
    private var leased: [ObjectIdentifier: PgConnection] = [:]
    private var connecting: [ObjectIdentifier: PgConnection] = [:]
    private var waiters: [Waiter] = []
    private var sweep: LoopTimer?
    private var standstill = Standstill(longest: 1_000_000_000, grace: 1_000_000_000)
    private var retryAt: UInt64 = 0
    private var failures = 0
    /// Of the last connection that failed, until one succeeds.
    private var lastFailure: PgError?
    private var closed = false
    private var isServing = false
    private let waiting: Gauge?
    private let underWay: Gauge?
    private let open = Metrics.shared.gauge(.connections)

    init(loop: EventLoop, options: DatabaseOptions) {
        self.loop = loop
        self.options = options
        waiting = options.name.map { Metrics.shared.queue("\($0)_waiting", limit: options.maxWaiting) }
        underWay = options.name.map {
            Metrics.shared.queue(
                "\($0)_pipelines", limit: options.connections * (options.isPooled ? 1 : options.pipelineDepth))
        }
        sweep = LoopTimer(on: loop, after: 50, repeating: 50) { [weak self] in self?.expireWaiters() }
    }

    func submit(_ statements: [RenderedSQL], _ completion: @escaping PgConnection.Completion) {
        enqueue(.batch(statements, completion))
    }

    func lease(_ completion: @escaping (Result<LoopBound<Lease>, PgError>) -> Void) {
        enqueue(.lease(completion))
    }

    /// - Parameter broken: the connection's state is not known (a ROLLBACK failed): it is closed.
    func giveBack(_ lease: Lease, broken: Bool) {
        leased[ObjectIdentifier(lease.connection)] = nil
        if broken || !lease.connection.isReady {
            lease.connection.close()
        } else {
            free.append(lease.connection)
        }
        serve()
    }

    func close() {
        closed = true
        sweep?.cancel()
        refuseAll(.closed)
        for connection in free + connecting.values { connection.close() }
    }

    private func enqueue(_ work: Work) {
        let waiter = Waiter(
            work: work, deadline: monotonicNanoseconds() + UInt64(options.waitMilliseconds) * 1_000_000)
        guard !closed else { return refuse(waiter, .closed) }
        guard waiters.count < options.maxWaiting else { return refuse(waiter, .poolFull) }
        waiters.append(waiter)
        serve()
    }

    private func serve() {
        // A completion that is called from within comes back here: the loop below goes on by itself.
        guard !isServing else { return }
        isServing = true
        defer { isServing = false }
        while let place = first, let index = choose(for: waiters[place].work) {
            let waiter = waiters.remove(at: place)
            let connection = free[index]
            switch waiter.work {
            case .batch(let statements, let completion):
                underWay?.add(1)
                let prelude = connection.prelude
                connection.send(prelude + statements) { [weak self, underWay] result in
                    underWay?.add(-1)
                    completion(prelude.isEmpty ? result : result.map { Array($0.dropFirst(prelude.count)) })
                    self?.serve()
                }
            case .lease(let completion):
                free.remove(at: index)
                leased[ObjectIdentifier(connection)] = connection
                completion(.success(LoopBound.holding(Lease(connection), on: loop)))
            }
        }
        waiting?.set(waiters.count)
        if !waiters.isEmpty { connectOneMore() }
    }

    /// Whose turn it is. While transactions have all that they may, batches pass them.
    private var first: Int? {
        guard leased.count >= mostLeased else { return waiters.indices.first }
        return waiters.firstIndex { if case .batch = $0.work { true } else { false } }
    }

    /// The least busy connection; for a transaction an idle one. While more may be opened, pipelining waits for them.
    private func choose(for work: Work) -> Int? {
        guard let index = free.indices.min(by: { free[$0].inFlight < free[$1].inFlight }) else { return nil }
        let busy = free[index].inFlight
        if busy == 0 { return index }
        guard case .batch = work else { return nil }
        if total < options.connections { connectOneMore() }
        return busy < pipelineDepth ? index : nil
    }

    private var pipelineDepth: Int { options.isPooled ? 1 : options.pipelineDepth }

    private var mostLeased: Int { options.connections - options.connections / 4 }

    private var total: Int { free.count + leased.count + connecting.count }

    private func connectOneMore() {
        guard total < options.connections, connecting.count < 2, monotonicNanoseconds() >= retryAt, !closed else {
            return
        }
        let connection = PgConnection(
            loop: loop, connectionInfo: options.connectionInfo, settings: options.session, isPooled: options.isPooled)
        let key = ObjectIdentifier(connection)
        connecting[key] = connection
        connection.onReady = { [weak self, unowned connection] in
            guard let self else { return }
            self.connecting[key] = nil
            self.free.append(connection)
            self.failures = 0
            self.lastFailure = nil
            self.open.add(1)
            self.serve()
        }
        connection.onClosed = { [weak self, unowned connection] error in
            self?.ended(connection, key, error)
        }
    }

    private func ended(_ connection: PgConnection, _ key: ObjectIdentifier, _ error: PgError) {
        if connecting.removeValue(forKey: key) != nil {
            guard !closed else { return }
            // A pause that grows from 50 ms to 2 s, so that a server that is down isn't hammered.
            failures += 1
            lastFailure = error
            // Waiting does not help.
            if error.isRefusal, free.isEmpty, leased.isEmpty { refuseAll(error) }
            retryAt = monotonicNanoseconds() + UInt64(min(25 << min(failures, 7), 2000)) * 1_000_000
            if failures == 1 || failures % 20 == 0 {
                Log.warning(.postgresNotConnected, ["error": .text(error.message)])
            }
        } else {
            open.add(-1)
            free.removeAll { $0 === connection }
        }
        if !closed { serve() }
    }

    private func expireWaiters() {
        let now = monotonicNanoseconds()
        guard !standstill.isRecent(now: now) else { return }
        while let first = waiters.first, first.deadline <= now {
            waiters.removeFirst()
            refuse(first, free.isEmpty && leased.isEmpty ? lastFailure ?? .waitedTooLong : .waitedTooLong)
        }
        // The server has a time limit of its own; one that says nothing after it hangs, or its machine does.
        for connection in free + leased.values where connection.age > options.answerMilliseconds { connection.close() }
        serve()
    }

    private func refuseAll(_ error: PgError) {
        let stopped = waiters
        waiters = []
        for waiter in stopped { refuse(waiter, error) }
    }

    private func refuse(_ waiter: Waiter, _ error: PgError) {
        switch waiter.work {
        case .batch(_, let completion): completion(.failure(error))
        case .lease(let completion): completion(.failure(error))
        }
    }
}

@available(*, unavailable)
extension PgPool: Sendable {}
