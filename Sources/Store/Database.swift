public import Runtime

/// PostgreSQL, from any task. Errors are `PgError`.
public final class Database: Sendable {
    private let pool: LoopBound<PgPool>

    public init(loop: EventLoop, options: DatabaseOptions) {
        pool = LoopBound(on: loop) { PgPool(loop: loop, options: options) }
    }

    /// Runs one statement as its own transaction.
    @discardableResult
    public func query(_ sql: SQL) async throws -> PgRows {
        try await run([sql.rendered()])[0]
    }

    /// Runs the statements in one round trip as one transaction: all or none. Returns a result a statement.
    @discardableResult
    public func batch(_ statements: [SQL]) async throws -> [PgRows] {
        try await run(statements.map { $0.rendered() })
    }

    private func run(_ statements: [RenderedSQL]) async throws -> [PgRows] {
        try await withCheckedThrowingContinuation { continuation in
            pool.run(
                { $0.submit(statements) { continuation.resume(with: $0) } },
                orElse: { continuation.resume(throwing: PgError.closed) })
        }
    }

    /// Runs the body in one transaction: committed when it returns, rolled back when it throws.
    public func transaction<T: Sendable>(_ body: @Sendable (Transaction) async throws -> T) async throws -> T {
        let lease = try await withCheckedThrowingContinuation { continuation in
            pool.run(
                { $0.lease { continuation.resume(with: $0) } },
                orElse: { continuation.resume(throwing: PgError.closed) })
        }
        let transaction = Transaction(lease: lease)
        do {
            let value = try await body(transaction)
            try await transaction.commit()
            transaction.ending.run()
            giveBack(lease, broken: false)
            return value
        } catch {
            transaction.ending.run()
            let rolledBack = (try? await transaction.rollback()) != nil
            giveBack(lease, broken: !rolledBack)
            throw error
        }
    }

    private func giveBack(_ lease: LoopBound<PgPool.Lease>, broken: Bool) {
        pool.run { $0.giveBack(lease.value, broken: broken) }
    }

    public func close() {
        pool.run { $0.close() }
    }
}

/// The statements of one transaction, one after the other.
public struct Transaction: Sendable {
    fileprivate let lease: LoopBound<PgPool.Lease>
    fileprivate let ending = Ending()

    /// What is to be done once it is committed, before the body's caller goes on; also where nobody knows whether it is.
    public func afterCommit(_ action: @escaping @Sendable () -> Void) { ending.add(action) }

    @discardableResult
    public func query(_ sql: SQL) async throws -> PgRows {
        try await run([sql.rendered()])[0]
    }

    /// Several statements in one round trip; BEGIN goes out with the first of the transaction.
    @discardableResult
    public func batch(_ statements: [SQL]) async throws -> [PgRows] {
        try await run(statements.map { $0.rendered() })
    }

    /// Statements whose results nobody reads. They go out with the next round trip, at the latest with the COMMIT, and what is
    /// wrong with them is thrown there.
    public func later(_ statements: [SQL]) {
        let rendered = statements.map { $0.rendered() }
        lease.run { $0.postponed += rendered }
    }

    private func run(_ statements: [RenderedSQL]) async throws -> [PgRows] {
        let (rows, ahead) = try await withCheckedThrowingContinuation { continuation in
            lease.run(
                { lease in
                    let ahead = lease.ahead()
                    lease.connection.send(ahead + statements) { result in
                        continuation.resume(with: result.map { ($0, ahead.count) })
                    }
                }, orElse: { continuation.resume(throwing: PgError.closed) })
        }
        return Array(rows.dropFirst(ahead))
    }

    /// A statement of a transaction whose commit does not wait for the disk. A crash of PostgreSQL may lose what it did, and with
    /// it what was committed after it in this way, but nothing of it that a later commit waited for.
    public static let unhurried: SQL = "SELECT set_config('synchronous_commit', 'off', true)"

    /// Statements and the COMMIT in one round trip. The body must return right after it.
    @discardableResult
    public func commit(_ statements: [SQL]) async throws -> [PgRows] {
        ending.begin()
        let rows = try await batch(statements + ["COMMIT"])
        try await withCheckedThrowingContinuation { continuation in
            lease.run(
                { lease in
                    lease.hasBegun = false
                    continuation.resume()
                }, orElse: { continuation.resume(throwing: PgError.closed) })
        }
        return rows.dropLast()
    }

    /// COMMIT, where there is something to commit.
    fileprivate func commit() async throws {
        ending.begin()
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            lease.run(
                { lease in
                    guard lease.hasBegun || !lease.postponed.isEmpty else { return continuation.resume() }
                    lease.connection.send(lease.ahead() + [SQL("COMMIT").rendered()]) { result in
                        // Without it there is still something to roll back.
                        if case .success = result { lease.hasBegun = false }
                        continuation.resume(with: result.map { _ in })
                    }
                }, orElse: { continuation.resume(throwing: PgError.closed) })
        }
    }

    /// ROLLBACK, where there was a BEGIN.
    fileprivate func rollback() async throws {
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            lease.run(
                { lease in
                    guard lease.hasBegun else { return continuation.resume() }
                    lease.hasBegun = false
                    lease.connection.send([SQL("ROLLBACK").rendered()]) { result in
                        continuation.resume(with: result.map { _ in })
                    }
                }, orElse: { continuation.resume(throwing: PgError.closed) })
        }
    }
}
