import Accounts
import Core
import Outbox
import Store

/// Statements about the books, each behind a lock of the users' rows of `delivery_counts`: so a row changes once, whoever comes twice,
/// and is counted in the statement that changes it. All take users in one order. Each returns the keys of the rows that it has changed.
enum DeliverySQL {
    /// Makes rows where there are none. Who is leaving gets none.
    static func open(_ users: [ID]) -> SQL {
        """
        INSERT INTO delivery_counts (user_id)
        SELECT u.id FROM users u
        WHERE u.id = ANY (\(users)::bigint[]) AND u.id <> ALL (ARRAY(\(Standing.leaving)))
            AND NOT EXISTS (SELECT FROM delivery_counts c WHERE c.user_id = u.id)
        ORDER BY u.id ON CONFLICT (user_id) DO NOTHING
        """
    }

    /// Takes the rows that there are.
    static func lock(_ users: [ID]) -> SQL {
        "SELECT user_id FROM delivery_counts WHERE user_id = ANY (\(users)::bigint[]) ORDER BY user_id FOR UPDATE"
    }

    private static let key: SQL = "user_id, device_id, notification_id"

    private static func isSame(_ one: SQL, _ other: SQL) -> SQL {
        """
        \(one).user_id = \(other).user_id AND \(one).device_id = \(other).device_id
            AND \(one).notification_id = \(other).notification_id
        """
    }

    /// Columns of keys, behind each other, as parameters of `unnest`.
    private static func columns(_ keys: [DeliveryKey]) -> SQL {
        "\(keys.map(\.user))::bigint[], \(keys.map(\.device))::bigint[], \(keys.map(\.notification))::bigint[]"
    }

    // MARK: Changes

    static func consumed(_ new: [NewDelivery], due: Int64?) -> SQL {
        """
        WITH asked AS (
            SELECT * FROM unnest(\(columns(new.map(\.key))), \(new.map(\.type))::text[]) a (\(key), type)),
        added AS (
            INSERT INTO deliveries (\(key), type, due_at)
            SELECT a.user_id, a.device_id, a.notification_id, a.type, to_timestamp(\(due)::bigint / 1000.0)
            FROM asked a JOIN delivery_counts c ON c.user_id = a.user_id
            WHERE a.user_id <> ALL (ARRAY(\(Standing.leaving)))
            ON CONFLICT (\(key)) DO NOTHING RETURNING \(key)),
        counted AS (
            UPDATE delivery_counts c SET consumed = c.consumed + n.rows, waiting = c.waiting + n.rows
            FROM (SELECT user_id, count(*) AS rows FROM added GROUP BY user_id) n WHERE c.user_id = n.user_id)
        SELECT \(key) FROM added
        """
    }

    /// A device to which all goes well is written to once a minute: else each push would make a row anew.
    static func finished(_ ends: [DeliveryEnd]) -> SQL {
        """
        WITH asked AS (
            SELECT * FROM unnest(\(columns(ends.map(\.key))), \(ends.map(\.state.rawValue))::text[],
                \(ends.map { $0.reason?.rawValue ?? "" })::text[], \(ends.map { $0.status ?? 0 })::int[],
                \(ends.map(\.attempts))::int[]) a (\(key), state, reason, status, attempts)),
        changed AS (
            UPDATE deliveries d SET state = a.state, reason = NULLIF(a.reason, ''), at = now(), due_at = NULL,
                last_status = COALESCE(NULLIF(a.status, 0), d.last_status), attempts = greatest(d.attempts, a.attempts)
            FROM asked a WHERE \(isSame("d", "a")) AND d.state = 'waiting'
            RETURNING d.user_id, d.device_id, d.notification_id, d.state),
        \(ended("changed")),
        devices_told AS (
            UPDATE devices v SET
                failures = CASE WHEN n.delivered > 0 THEN 0 ELSE v.failures + n.dead END,
                last_success = CASE WHEN n.delivered > 0 THEN now() ELSE v.last_success END,
                gone_at = CASE WHEN n.invalidated > 0 THEN COALESCE(v.gone_at, now()) ELSE v.gone_at END
            FROM (
                SELECT user_id, device_id, \(numbers) FROM changed
                WHERE state IN ('delivered', 'dead', 'invalidated') GROUP BY user_id, device_id) n
            JOIN devices o ON o.user_id = n.user_id AND o.id = n.device_id
            WHERE v.user_id = o.user_id AND v.id = o.id AND (
                o.failures > 0 OR n.dead > 0 OR n.invalidated > 0
                OR COALESCE(o.last_success, '-infinity') < now() - interval '1 minute')
            RETURNING \(worsened)),
        \(told("devices_told"))
        SELECT \(key) FROM changed
        """
    }

    /// Columns of a device `v` that was `o` before: whether it begins to fail, or is gone now.
    private static let worsened: SQL = """
        v.user_id, v.id, v.gone_at IS NOT NULL AND o.gone_at IS NULL
            OR v.gone_at IS NULL AND v.failures >= \(DeviceView.mostFailures) AND o.failures < \(DeviceView.mostFailures)
            AS has_worsened
        """

    /// A part of a `WITH`: that is written to the log.
    private static func told(_ devices: SQL) -> SQL {
        let worse = DeviceEvent.rows(of: "\(devices) WHERE has_worsened")
        return """
            told AS (\(Outbox.statement(
                topic: DeviceEvent.topic, DeviceEvent.failing.kind, TraceContext(requestID: ""), of: worse)))
            """
    }

    static func parked(_ pauses: [DeliveryPause]) -> SQL {
        """
        WITH asked AS (
            SELECT a.*, to_timestamp(NULLIF(a.due, 0) / 1000.0) AS due_at
            FROM unnest(\(columns(pauses.map(\.key))), \(pauses.map(\.reason.rawValue))::text[],
                \(pauses.map { $0.due ?? 0 })::bigint[], \(pauses.map { $0.status ?? 0 })::int[],
                \(pauses.map(\.attempts))::int[]) a (\(key), reason, due, status, attempts)),
        before AS (
            SELECT a.*, d.attempts AS tried FROM asked a JOIN deliveries d ON \(isSame("d", "a"))
            WHERE d.state = 'waiting' AND (d.reason, d.due_at, d.attempts)
                IS DISTINCT FROM (a.reason, a.due_at, greatest(d.attempts, a.attempts))),
        changed AS (
            UPDATE deliveries d SET reason = b.reason, at = now(), due_at = b.due_at,
                last_status = COALESCE(NULLIF(b.status, 0), d.last_status), attempts = greatest(b.tried, b.attempts)
            FROM before b WHERE \(isSame("d", "b"))
            RETURNING d.user_id, d.device_id, d.notification_id, d.attempts > b.tried AND b.reason = 'retry' AS has_failed),
        devices_told AS (
            UPDATE devices v SET failures = v.failures + n.failed
            FROM (
                SELECT user_id, device_id, count(*) AS failed FROM changed WHERE has_failed GROUP BY user_id, device_id) n
            JOIN devices o ON o.user_id = n.user_id AND o.id = n.device_id
            WHERE v.user_id = o.user_id AND v.id = o.id RETURNING \(worsened)),
        \(told("devices_told"))
        SELECT \(key) FROM changed
        """
    }

    static func redriven(_ keys: [DeliveryKey]) -> SQL {
        """
        WITH asked AS (SELECT * FROM unnest(\(columns(keys))) a (\(key))),
        changed AS (
            UPDATE deliveries d SET state = 'waiting', reason = NULL, at = now(), due_at = now(), attempts = 0
            FROM asked a WHERE \(isSame("d", "a")) AND d.state = 'dead'
            RETURNING d.user_id, d.device_id, d.notification_id),
        counted AS (
            UPDATE delivery_counts c SET waiting = c.waiting + n.rows, dead = c.dead - n.rows
            FROM (SELECT user_id, count(*) AS rows FROM changed GROUP BY user_id) n WHERE c.user_id = n.user_id)
        SELECT \(key) FROM changed
        """
    }

    /// What waits for devices that are removed.
    static func suppressed(_ devices: [(user: ID, device: ID)]) -> SQL {
        """
        WITH changed AS (
            UPDATE deliveries d SET state = 'suppressed', reason = 'device', at = now(), due_at = NULL
            FROM unnest(\(devices.map(\.user))::bigint[], \(devices.map(\.device))::bigint[]) a (user_id, device_id)
            WHERE d.user_id = a.user_id AND d.device_id = a.device_id AND d.state = 'waiting'
            RETURNING d.user_id, d.device_id, d.notification_id, d.state),
        \(ended("changed"))
        SELECT \(key) FROM changed
        """
    }

    // MARK: Counting

    /// Of rows with a `state`.
    private static let numbers: SQL = """
        count(*) AS rows, count(*) FILTER (WHERE state = 'delivered') AS delivered,
            count(*) FILTER (WHERE state = 'dead') AS dead, count(*) FILTER (WHERE state = 'expired') AS expired,
            count(*) FILTER (WHERE state = 'invalidated') AS invalidated,
            count(*) FILTER (WHERE state = 'suppressed') AS suppressed
        """

    /// A part of a `WITH`: rows of a table before it waited, and have the state now that they have.
    private static func ended(_ changed: SQL) -> SQL {
        """
        counted AS (
            UPDATE delivery_counts c SET waiting = c.waiting - n.rows, delivered = c.delivered + n.delivered,
                dead = c.dead + n.dead, expired = c.expired + n.expired, invalidated = c.invalidated + n.invalidated,
                suppressed = c.suppressed + n.suppressed
            FROM (SELECT user_id, \(numbers) FROM \(changed) GROUP BY user_id) n WHERE c.user_id = n.user_id)
        """
    }

    /// A row `gone`: how many.
    static func trimmed(of users: [ID], where condition: SQL, limit: Int) -> SQL {
        """
        WITH old AS (
            SELECT \(key) FROM deliveries d WHERE d.user_id = ANY (\(users)::bigint[]) AND \(condition) LIMIT \(limit)),
        gone AS (
            DELETE FROM deliveries d USING old o WHERE \(isSame("d", "o"))
            RETURNING d.user_id, d.device_id, d.notification_id, d.state),
        counted AS (
            UPDATE delivery_counts c SET old_delivered = c.old_delivered + n.delivered, old_dead = c.old_dead + n.dead,
                old_expired = c.old_expired + n.expired, old_invalidated = c.old_invalidated + n.invalidated,
                old_suppressed = c.old_suppressed + n.suppressed
            FROM (SELECT user_id, \(numbers) FROM gone GROUP BY user_id) n WHERE c.user_id = n.user_id)
        SELECT count(*) AS gone FROM gone
        """
    }

    /// Rows `id, counted, found` for an audit, numbers in one order: waiting, delivered, dead, expired, invalidated, suppressed.
    static func compared(behind position: ID, limit: Int) -> SQL {
        """
        SELECT c.user_id AS id,
            ARRAY[c.waiting, c.delivered - c.old_delivered, c.dead - c.old_dead, c.expired - c.old_expired,
                c.invalidated - c.old_invalidated, c.suppressed - c.old_suppressed] AS counted,
            (SELECT ARRAY[n.rows - n.delivered - n.dead - n.expired - n.invalidated - n.suppressed, n.delivered, n.dead,
                n.expired, n.invalidated, n.suppressed]
                FROM (SELECT \(numbers) FROM deliveries d WHERE d.user_id = c.user_id) n) AS found
        FROM delivery_counts c WHERE c.user_id > \(position) ORDER BY c.user_id LIMIT \(limit)
        """
    }

    /// - Parameter wrong: a table of such rows.
    static func repaired(_ wrong: SQL) -> SQL {
        """
        UPDATE delivery_counts c SET waiting = c.waiting + w.found[1] - w.counted[1],
            delivered = c.delivered + w.found[2] - w.counted[2], dead = c.dead + w.found[3] - w.counted[3],
            expired = c.expired + w.found[4] - w.counted[4], invalidated = c.invalidated + w.found[5] - w.counted[5],
            suppressed = c.suppressed + w.found[6] - w.counted[6],
            consumed = c.consumed + (SELECT sum(f - k) FROM unnest(w.found, w.counted) x (f, k))::bigint
        FROM \(wrong) w WHERE c.user_id = w.id
        """
    }
}
