import Core
import HTTPService
import Store

/// Pushes that users have sent to a device of theirs to see whether it is reached. Each is a delivery as any other, of a type of its own:
/// no preference keeps it back.
struct TestPushes: Sendable {
    /// Of one user, in an hour from the first of them.
    static let mostAnHour: Int64 = 10

    let ids: IDGenerator
    let clock: any WallClock

    /// Enters one into the books; it is due at once.
    /// - Throws: `Problem` where the user has no such device, it is gone, or there were enough.
    func add(_ transaction: Transaction, to device: ID, of user: ID) async throws -> DeliveryView {
        // Two at once wait for each other here.
        let found = try await transaction.batch(
            [DeliverySQL.open([user]), DeliverySQL.lock([user]), Devices.isGone(device, of: user)])[2]
        guard let row = found.first else { throw Devices.noDevice(device) }
        guard try !row.bool("is_gone") else {
            throw Problem(.gone, "its provider does not know the device any more: register it again")
        }
        try await count(transaction, user)
        let key = DeliveryKey(user: user, device: device, notification: try ids.next())
        let results = try await transaction.batch([
            DeliverySQL.consumed([NewDelivery(key, type: Deliveries.testType)], due: clock.milliseconds()),
            DeliveryView.row(key),
        ])
        guard let made = results[1].first else { throw Problem(.unauthenticated, "the account has gone") }
        return try DeliveryView(made)
    }

    private func count(_ transaction: Transaction, _ user: ID) async throws {
        let isOver: SQL = "c.tests_since <= now() - interval '1 hour' OR c.tests_since IS NULL"
        let counted = try await transaction.query(
            """
            UPDATE delivery_counts c SET tests = CASE WHEN \(isOver) THEN 1 ELSE c.tests + 1 END,
                tests_since = CASE WHEN \(isOver) THEN now() ELSE c.tests_since END
            WHERE c.user_id = \(user) AND (c.tests < \(Self.mostAnHour) OR \(isOver)) RETURNING c.tests
            """)
        guard counted.isEmpty else { return }
        let rows = try await transaction.query(
            """
            SELECT ceil(extract(epoch FROM tests_since + interval '1 hour' - now()))::bigint AS seconds
            FROM delivery_counts WHERE user_id = \(user)
            """)
        guard let row = rows.first else { throw Problem(.unauthenticated, "the account has gone") }
        let seconds = max(1, Int(try row.integer("seconds")))
        throw Problem(
            .rateLimited, "a user sends at most \(Self.mostAnHour) test pushes an hour: wait \(seconds) s",
            retryAfter: seconds)
    }
}
