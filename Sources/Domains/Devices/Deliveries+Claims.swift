import Core
import Store

/// Turns of those who send: what is due is one sender's for a while. A sender that dies leaves it to the others, who take it when that
/// while is over.
extension Deliveries {
    public struct Claim: Sendable {
        public let key: DeliveryKey
        /// Of the notification.
        public let type: String
        /// What it has waited for; `nil`: for its turn.
        public let reason: DeliveryReason?
        /// How often it has failed.
        public let attempts: Int

        /// Sent to see whether the device is reached.
        public var isTest: Bool { type.isExactly(Deliveries.testType) }
    }

    /// Rows of digests that are claimed because others of their device are.
    public static let mostDigests = 1_000

    /// What is due, longest first; of one device, where a digest of it is due, all that is due in digests.
    /// - Parameters:
    ///   - limit: of these; of digests `mostDigests` more.
    ///   - now: milliseconds since 1970.
    ///   - end: until when nobody else takes it.
    public func claim(limit: Int, now: Int64, until end: Int64) async throws -> [Claim] {
        let isDue: SQL = "state = 'waiting' AND due_at <= to_timestamp(\(now)::bigint / 1000.0)"
        let rows = try await database.query(
            """
            WITH due AS (
                SELECT user_id, device_id, notification_id, reason FROM deliveries WHERE \(isDue)
                ORDER BY due_at, user_id, device_id LIMIT \(limit) FOR UPDATE SKIP LOCKED),
            digests AS (
                SELECT user_id, device_id, notification_id FROM deliveries
                WHERE \(isDue) AND reason = 'digest'
                    AND (user_id, device_id) IN (SELECT user_id, device_id FROM due WHERE reason = 'digest')
                LIMIT \(Self.mostDigests) FOR UPDATE SKIP LOCKED),
            claimed AS (SELECT user_id, device_id, notification_id FROM due UNION SELECT * FROM digests)
            UPDATE deliveries d SET due_at = to_timestamp(\(end)::bigint / 1000.0) FROM claimed c
            WHERE d.user_id = c.user_id AND d.device_id = c.device_id AND d.notification_id = c.notification_id
            RETURNING d.user_id, d.device_id, d.notification_id, d.type, d.reason, d.attempts
            """)
        return try rows.map { row in
            Claim(
                key: DeliveryKey(
                    user: try row.id("user_id"), device: try row.id("device_id"),
                    notification: try row.id("notification_id")), type: try row.text("type"),
                reason: try row.optionalText("reason").flatMap(DeliveryReason.init), attempts: try row.int("attempts"))
        }
    }

    /// When the next one is due, in milliseconds since 1970, rounded down; `nil`: nothing waits for a time.
    public func nextDue() async throws -> Int64? {
        try await database.query(
            "SELECT floor(extract(epoch FROM min(due_at)) * 1000)::bigint AS due_at FROM deliveries WHERE state = 'waiting'"
        )[0].optionalInteger("due_at")
    }
}
