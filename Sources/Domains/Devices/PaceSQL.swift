import Accounts
import Core
import Store

/// Statements about `push_paces`, behind the lock of the users' rows of `delivery_counts`.
enum PaceSQL {
    struct Place: Hashable {
        let user: ID
        let device: ID
        /// The key of a notification.
        let group: String
    }

    private static func columns(_ places: [Place]) -> SQL {
        "\(places.map(\.user))::bigint[], \(places.map(\.device))::bigint[], \(places.map(\.group))::text[]"
    }

    static func rows(of asked: [(key: DeliveryKey, value: String)]) -> SQL {
        """
        SELECT p.user_id, p.device_id, p.key, p.passed_id, p.waiting_id, p.pushes,
            (extract(epoch FROM p.next_at) * 1000)::bigint AS next
        FROM unnest(\(columns(asked.map { Place(user: $0.key.user, device: $0.key.device, group: $0.value) })))
            a (user_id, device_id, key)
        JOIN push_paces p ON p.user_id = a.user_id AND p.device_id = a.device_id AND p.key = a.key
        """
    }

    static func place(_ row: PgRow) throws(PgError) -> Place {
        Place(user: try row.id("user_id"), device: try row.id("device_id"), group: try row.text("key"))
    }

    static func pace(_ row: PgRow) throws(PgError) -> PushPace {
        PushPace(
            passed: try row.optionalID("passed_id"), waiting: try row.optionalID("waiting_id"),
            pushes: try row.int("pushes"), next: try row.integer("next"))
    }

    /// Who is leaving gets none.
    static func stored(_ changed: [(place: Place, pace: PushPace)]) -> SQL {
        let paces = changed.map(\.pace)
        return """
            INSERT INTO push_paces (user_id, device_id, key, passed_id, waiting_id, pushes, next_at)
            SELECT a.user_id, a.device_id, a.key, NULLIF(a.passed_id, 0), NULLIF(a.waiting_id, 0), a.pushes,
                to_timestamp(a.next / 1000.0)
            FROM unnest(\(columns(changed.map(\.place))), \(paces.map { $0.passed ?? .zero })::bigint[],
                \(paces.map { $0.waiting ?? .zero })::bigint[], \(paces.map(\.pushes))::int[],
                \(paces.map(\.next))::bigint[]) a (user_id, device_id, key, passed_id, waiting_id, pushes, next)
            JOIN delivery_counts c ON c.user_id = a.user_id
            WHERE a.user_id <> ALL (ARRAY(\(Standing.leaving)))
            ON CONFLICT (user_id, device_id, key) DO UPDATE SET passed_id = excluded.passed_id,
                waiting_id = excluded.waiting_id, pushes = excluded.pushes, next_at = excluded.next_at
            """
    }
}
