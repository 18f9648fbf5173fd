import Core
import HTTPService
import Posts
import Store

/// What live clients are told of their user's devices: `{"type":"device.failing","device":{…}}`, with the device as it is then.
enum DeviceNews {
    /// What is told of some of these events now: of each device once, as long as it fails or is gone.
    static func told(_ events: [Envelope], to user: ID, _ database: Database) async throws -> [Envelope] {
        let last = Dictionary(
            events.compactMap { event in event[.device].map { ($0, event) } }, uniquingKeysWith: { $1 })
        let rows = try await database.query(Devices.some(Array(last.keys), of: user))
        return try rows.compactMap { row in
            let device = try DeviceView(row)
            guard device.state != .active, let event = last[device.id] else { return nil }
            return Envelope(
                event.kind, eventID: event.eventID,
                TraceContext(requestID: event.requestID, traceparent: event.traceparent), payload: json(device))
        }
    }

    private static func json(_ device: DeviceView) -> [UInt8] {
        var json = ByteWriter(capacity: 512)
        append(device, to: &json)
        return json.bytes
    }

    private static func append(_ device: DeviceView, to writer: inout ByteWriter) {
        writer.append(ascii: "{\"type\":")
        writer.append(jsonString: DeviceEvent.failing.rawValue)
        writer.append(ascii: ",\"device\":")
        device.append(to: &writer)
        writer.append(ascii: "}")
    }

    static let components: [(type: String, component: Component)] = [
        (
            DeviceEvent.failing.rawValue,
            Component(
                "DeviceFailing",
                .object([
                    .always("type", .constant(DeviceEvent.failing.rawValue)),
                    .always("device", DeviceView.component.reference, "Its `state` says whether it fails or is gone."),
                    FeedEvent.channel,
                ])
            ) { append(.failingExample, to: &$0) }
        )
    ]
}
