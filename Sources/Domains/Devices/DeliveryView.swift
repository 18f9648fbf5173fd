import Core
import HTTPService
import Store

/// A notification for a device as its user sees it: `{"id","type","state","reason"?,"attempts","last_status"?,"at","due_at"?}`.
struct DeliveryView: Sendable {
    static let columns: SQL = """
        notification_id AS id, type, state, reason, attempts, last_status, (extract(epoch FROM at) * 1000)::bigint AS at,
        (extract(epoch FROM due_at) * 1000)::bigint AS due_at
        """

    /// Of the notification.
    let id: ID
    let type: String
    let state: String
    let reason: String?
    let attempts: Int64
    let lastStatus: Int64?
    /// Milliseconds since 1970, both.
    let at: Int64
    let due: Int64?

    init(_ row: PgRow) throws(PgError) {
        id = try row.id("id")
        type = try row.text("type")
        state = try row.text("state")
        reason = try row.optionalText("reason")
        attempts = try row.integer("attempts")
        lastStatus = try row.optionalInteger("last_status")
        at = try row.integer("at")
        due = try row.optionalInteger("due_at")
    }

    private init(example id: ID) {
        (self.id, type, state, reason) = (id, "like", DeliveryState.waiting.rawValue, DeliveryReason.retry.rawValue)
        (attempts, lastStatus, at, due) = (1, 503, id.milliseconds + 1_000, id.milliseconds + 6_000)
    }

    var json: [UInt8] {
        var writer = ByteWriter(capacity: 256)
        append(to: &writer)
        return writer.bytes
    }

    func append(to writer: inout ByteWriter) {
        writer.append(ascii: "{\"id\":\"")
        writer.append(decimal: id.raw)
        writer.append(ascii: "\"")
        writer.append(key: "type", of: type)
        writer.append(key: "state", of: state)
        writer.append(key: "reason", of: reason)
        writer.append(key: "attempts", of: attempts)
        if let lastStatus { writer.append(key: "last_status", of: lastStatus) }
        writer.append(key: "at", time: at)
        writer.append(key: "due_at", time: due)
        writer.append(ascii: "}")
    }

    static func row(_ key: DeliveryKey) -> SQL {
        """
        SELECT \(columns) FROM deliveries
        WHERE user_id = \(key.user) AND device_id = \(key.device) AND notification_id = \(key.notification)
        """
    }

    /// Newest notification first, behind one.
    static func page(of user: ID, _ device: ID, below: ID, limit: Int) -> SQL {
        """
        SELECT \(columns) FROM deliveries WHERE user_id = \(user) AND device_id = \(device) AND notification_id < \(below)
        ORDER BY notification_id DESC LIMIT \(limit)
        """
    }

    static let component = Component(
        "Delivery",
        .object([
            .always("id", Component.id.reference, "Of the notification."),
            .always("type", .string(), "Of the notification; `test` of a test push."),
            .always("state", .word(of: DeliveryState.allCases.map(\.rawValue))),
            .sometimes("reason", .word(of: DeliveryReason.allCases.map(\.rawValue)), "Why it waits, or has ended so."),
            .always("attempts", .integer(from: 0)),
            .sometimes("last_status", .integer(from: 100), "Of HTTP, at the last attempt that had a response."),
            .always("at", Component.time.reference, "When it got into its state."),
            .sometimes("due_at", Component.time.reference, "It is not sent before."),
        ]), writing: DeliveryView(example: ID(Component.id.example.string!)!).append)

    static let list = Component(
        "DeliveryList", .list(of: component), example: ["items": [component.example], "next": Component.cursor.example])
}
