import Core
import Push
import Sink

/// The newest requests that came, each as a line of JSON.
struct Received {
    private let limit: Int
    private var lines: FIFO<JSONValue> = FIFO()
    /// All that ever came.
    private(set) var total: Int64 = 0

    init(limit: Int) { self.limit = limit }

    /// - Parameter now: milliseconds since 1970.
    mutating func add(
        _ request: SinkRequest, _ outcome: SinkSite.Outcome, isHTTP2: Bool, now: Int64
    ) -> JSONValue {
        var line = JSONObject([
            ("time", .string(rfc3339(milliseconds: now))),
            ("provider", SinkSite.provider(at: request.path).map { .string($0.rawValue) } ?? .null),
            ("http", .integer(isHTTP2 ? 2 : 1)),
            ("status", outcome.response.map { .integer(Int64($0.status)) } ?? .null),
        ])
        if let delivery = outcome.delivery {
            line.set("device", .string(delivery.device))
            if let id = delivery.id { line.set("id", .string(id)) }
            line.set("payload", Self.payload(delivery.payload))
        } else {
            line.set("path", .string(request.path))
        }
        total += 1
        if lines.count >= limit { _ = lines.popFirst() }
        if limit > 0 { lines.append(.object(line)) }
        return .object(line)
    }

    mutating func clear() { lines = FIFO() }

    /// The oldest first.
    var all: JSONValue {
        var (rest, list) = (lines, [JSONValue]())
        while let line = rest.popFirst() { list.append(line) }
        return ["total": .integer(total), "received": .array(list)]
    }

    /// JSON as it is, other text as a text, anything else in Base64.
    private static func payload(_ bytes: [UInt8]) -> JSONValue {
        if let value = try? JSONValue.parse(bytes) { return value }
        if let text = String(validating: bytes, as: UTF8.self) { return .string(text) }
        return ["base64": .string(Base64.encode(bytes))]
    }
}
