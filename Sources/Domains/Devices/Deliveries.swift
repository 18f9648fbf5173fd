import Core
public import Store

/// The books of what is sent: for each device and notification what has become of it, so that consumed is waiting + delivered + dead +
/// expired + invalidated + suppressed, always (`delivery_counts`, which PostgreSQL refuses to have otherwise).
///
/// All calls may be repeated: who does something again changes nothing, and is told nothing of it. A call is one transaction for
/// each thousand; rows of one user change behind each other.
public struct Deliveries: Sendable {
    /// Rows of one transaction.
    static let most = 1_000

    /// The type of test pushes: no notification has it.
    public static let testType = "test"

    let database: Database

    public init(database: Database) { self.database = database }

    /// - Parameter due: milliseconds since 1970, not before then; `nil`: not before somebody says so.
    /// - Returns: those that are new; they wait. One of a user who is leaving is not.
    public func consume(_ new: [NewDelivery], due: Int64? = nil) async throws -> Set<DeliveryKey> {
        try await changed(new, { $0.key }, before: { [DeliverySQL.open($0)] }) { DeliverySQL.consumed($0, due: due) }
    }

    /// Ends what waits. A device that takes something is no longer `failing`, one that is `invalidated` is gone.
    /// - Returns: those that have ended now.
    public func finish(_ ends: [DeliveryEnd]) async throws -> Set<DeliveryKey> {
        try await changed(ends, { $0.key }) { DeliverySQL.finished($0) }
    }

    /// - Returns: those that wait, and were not parked like this already.
    public func park(_ pauses: [DeliveryPause]) async throws -> Set<DeliveryKey> {
        try await changed(pauses, { $0.key }) { DeliverySQL.parked($0) }
    }

    /// Brings dead ones back: they wait, with all attempts before them.
    /// - Returns: those that were dead.
    @discardableResult public func redrive(
        _ transaction: Transaction, _ keys: [DeliveryKey]
    ) async throws -> Set<DeliveryKey> {
        let users = Set(keys.map(\.user)).sorted()
        return try await self.keys(
            transaction.batch([DeliverySQL.lock(users), DeliverySQL.redriven(Array(Set(keys)))])[1])
    }

    private func keys(_ rows: PgRows) throws -> Set<DeliveryKey> {
        Set(
            try rows.map { row in
                DeliveryKey(
                    user: try row.id("user_id"), device: try row.id("device_id"),
                    notification: try row.id("notification_id"))
            })
    }

    /// Of several changes of one row in a call the last one counts.
    private func changed<Change: Sendable>(
        _ changes: [Change], _ key: @Sendable (Change) -> DeliveryKey,
        before: @Sendable ([ID]) -> [SQL] = { _ in [] }, _ statement: @Sendable ([Change]) -> SQL
    ) async throws -> Set<DeliveryKey> {
        let last = Dictionary(changes.map { (key($0), $0) }) { $1 }
        var done: Set<DeliveryKey> = []
        // By user: so a transaction locks few of them.
        let sorted = last.values.sorted { key($0).user < key($1).user }
        for start in stride(from: 0, to: sorted.count, by: Self.most) {
            let part = Array(sorted[start..<min(start + Self.most, sorted.count)])
            let users = Set(part.map { key($0).user }).sorted()
            let results = try await database.batch(before(users) + [DeliverySQL.lock(users), statement(part)])
            done.formUnion(try self.keys(results.last!))
        }
        return done
    }

    // MARK: Upkeep

    /// Forgets some rows that are old; what they counted stays counted. Dead ones, which may be wanted back, are kept longer.
    /// - Returns: how many, of one kind or the other; `most`: there may be more.
    func trim() async throws -> Int {
        var most = 0
        for condition in [
            "state NOT IN ('waiting', 'dead') AND at < now() - interval '7 days'",
            "state = 'dead' AND at < now() - interval '30 days'",
        ] as [SQL] {
            let gone = try await database.transaction { transaction in
                let users = try await transaction.query(
                    """
                    SELECT DISTINCT o.user_id FROM (
                        SELECT d.user_id FROM deliveries d WHERE \(condition) ORDER BY d.at LIMIT \(Self.most)) o
                    """
                ).map { try $0.id("user_id") }
                guard !users.isEmpty else { return 0 }
                return try await transaction.batch([
                    DeliverySQL.lock(users), DeliverySQL.trimmed(of: users, where: condition, limit: Self.most),
                ])[1][0].int("gone")
            }
            most = max(most, gone)
        }
        return most
    }
}
