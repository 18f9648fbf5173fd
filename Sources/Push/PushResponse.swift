import Core

/// What a push service or a webhook responded. All of it is somebody else's.
public struct PushResponse: Sendable, Equatable {
    /// Bytes of a body that are worth reading: more of it may be cut off.
    public static let longestBody = 16_384
    private static let longestWord = 256

    public let status: Int
    public let headers: [PushHeader]
    public let body: [UInt8]

    public init(status: Int, headers: [PushHeader] = [], body: [UInt8] = []) {
        (self.status, self.headers, self.body) = (status, headers, body)
    }

    /// `nil` for a body that is no JSON object, or too long.
    var object: JSONObject? {
        body.count <= Self.longestBody ? try? JSONValue.parse(body).object : nil
    }

    /// A provider's word for something. What is longer is none of theirs, and would take long to compare: see `ExactText`.
    static func word(_ value: JSONValue?) -> String? {
        value?.string.flatMap { $0.utf8.count <= longestWord ? $0 : nil }
    }

    /// Milliseconds that it asks to wait, from `Retry-After`.
    func retryAfter(now: Int64) -> Int64? {
        headers.first(named: "retry-after").flatMap { RetryAfter.wait($0, now: now) }
    }
}
