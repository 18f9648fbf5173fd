/// An event on its way, the same in a record of the log, in a message to a node and on to live clients: what it is, where
/// it comes from, what it is routed by, and what it carries.
///
/// Who reads one asks for its kind first, and passes over a kind or a version that it does not know (`SkippedEvents`).
public struct Envelope: Sendable, Equatable {
    public var kind: EventKind
    /// UUIDv7: the same over every redelivery.
    public let eventID: String
    /// Of the request that caused it; empty where none did.
    public let requestID: String
    public let traceparent: String?
    /// As clients get it, where clients get it: one JSON object.
    public let payload: [UInt8]
    /// Those that this version does not know travel on, too.
    private(set) var fields: [String: String] = [:]

    private static let tenant = "default"
    private static let ownHeaders: Set<String> = [
        "event-type", "schema-version", "event-id", "request-id", "traceparent", "tenant",
    ]
    /// Of a field's value, in bytes.
    private static let longestField = 255
    /// A record that has more is none of ours.
    private static let mostFields = 32

    public init(_ kind: EventKind, eventID: String, _ context: TraceContext, payload: [UInt8]) {
        self.init(
            kind, eventID: eventID, requestID: context.requestID, traceparent: context.traceparent, payload: payload,
            fields: [:])
    }

    init(
        _ kind: EventKind, eventID: String, requestID: String, traceparent: String?, payload: [UInt8],
        fields: [String: String]
    ) {
        self.kind = kind
        self.eventID = eventID
        self.requestID = requestID
        self.traceparent = traceparent.flatMap { $0.utf8.count <= Self.longestField ? $0 : nil }
        self.payload = payload
        self.fields = fields
    }

    /// `nil`: it has none of that name, or one that is no such value.
    public subscript<Value>(_ field: EventField<Value>) -> Value? {
        get { fields[field.name].flatMap(field.read) }
        set { fields[field.name] = newValue.map(field.write) }
    }

    // MARK: Records of the log

    /// The payload goes as the record's value.
    public var headers: [String: String] {
        var headers = fields
        headers["event-type"] = kind.name
        headers["schema-version"] = String(kind.version)
        headers["event-id"] = eventID
        headers["request-id"] = requestID
        headers["traceparent"] = traceparent
        headers["tenant"] = Self.tenant
        return headers
    }

    /// `nil` where a header is missing or malformed. Of any kind, of any version.
    public init?(headers: [String: String], payload: [UInt8]) {
        guard let name = headers["event-type"], let eventID = headers["event-id"], RequestID.accepts(eventID),
            let text = headers["schema-version"], let version = Int(text), String(version) == text,
            let kind = EventKind(name, version: version)
        else { return nil }
        let given = headers["request-id"] ?? ""
        let others = headers.filter { name, value in
            !Self.ownHeaders.contains(name) && Self.isField(name, value)
        }
        guard others.count <= Self.mostFields else { return nil }
        self.init(
            kind, eventID: eventID, requestID: RequestID.accepts(given) ? given : "",
            traceparent: headers["traceparent"], payload: payload,
            fields: others)
    }

    /// A name as those of kinds, and a value that is not too long.
    static func isField(_ name: String, _ value: String) -> Bool {
        EventKind(name, version: 1) != nil && value.utf8.count <= longestField
    }
}
