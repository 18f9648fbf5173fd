import Core
import Store

/// What is told of devices: on `device.events`, keyed by the user, whose row of `delivery_counts` whoever writes one has locked. As clients
/// are told it: `DeviceNews`.
enum DeviceEvent: String, NamedKinds {
    /// Nothing reaches it any more: it begins to fail, or is gone.
    case failing = "device.failing"

    static let topic = "device.events"

    // MARK: As the database writes it

    /// Rows for `Outbox.statement`.
    /// - Parameter devices: a table with `user_id, id`.
    static func rows(of devices: SQL) -> SQL {
        """
        (SELECT user_id AS key, '{}'::text AS payload,
            jsonb_build_object(\(EventField<ID>.device.name)::text, id::text) AS headers FROM \(devices))
        """
    }
}

extension EventField<ID> {
    static let device = EventField("device")
}
