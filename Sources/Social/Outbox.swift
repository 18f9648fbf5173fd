import Core
import Store
import Wire

/// Events written in the transaction of the change that they tell of.
public enum Outbox {
    /// NOTIFY on this channel wakes the relay.
    public static let channel = "martlet_outbox"

    /// The statements that belong into the change's transaction, after the change.
    static func statements(topic: String, key: ID, value: [UInt8], headers: EventHeaders) -> [Statement] {
        [
            Statement(
                "INSERT INTO outbox (topic, key, payload, headers) VALUES ($1, $2, $3, $4)",
                [.text(topic), .text(key.description), .bytes(value), .text(jsonText(headers.dictionary))]),
            Statement("SELECT pg_notify('martlet_outbox', '')"),
        ]
    }
}

/// A flat JSON object of strings.
public func jsonText(_ values: [String: String]) -> String {
    var writer = ByteWriter(capacity: 256)
    writer.append(ascii: "{")
    for (index, (name, value)) in values.sorted(by: { $0.key < $1.key }).enumerated() {
        if index > 0 { writer.append(ascii: ",") }
        writer.append(jsonString: name)
        writer.append(ascii: ":")
        writer.append(jsonString: value)
    }
    writer.append(ascii: "}")
    return writer.string
}

/// Who asked, for the event's headers and the logs.
public struct RequestContext: Sendable {
    public let requestID: String
    public let traceparent: String?

    public init(requestID: String, traceparent: String? = nil) {
        self.requestID = requestID
        self.traceparent = traceparent
    }
}
