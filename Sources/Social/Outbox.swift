import Core
import Store
import Wire

/// Events written in the transaction of the change that they tell of.
public enum Outbox {
    /// NOTIFY on this channel wakes the relay (`OutboxBell`).
    public static let channel = "martlet_outbox"

    /// What belongs into the change's transaction, after the change.
    static func statement(topic: String, key: ID, value: [UInt8], headers: EventHeaders) -> Statement {
        Statement(
            "INSERT INTO outbox (topic, key, payload, headers) VALUES ($1, $2, $3, $4)",
            [.text(topic), .text(key.description), .bytes(value), .text(FlatJSON.encode(headers.dictionary))])
    }
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
