public import Core

/// A response that was given once and is given again, byte for byte, when the request is repeated with its key.
public struct StoredResponse: Sendable, Equatable {
    public let status: Int
    public let location: String?
    public let body: [UInt8]
    /// Whose tokens are in the response: it is given again for as long as this session lives.
    public let session: ID?
    /// False for a response to nothing: it is not worth a row.
    public let isKept: Bool

    public init(status: Int, location: String? = nil, body: [UInt8], session: ID? = nil, isKept: Bool = true) {
        self.status = status
        self.location = location
        self.body = body
        self.session = session
        self.isKept = isKept
    }

    /// Status (2 bytes), length of the location (2), the location, the body.
    var encoded: [UInt8] {
        let location = Array((location ?? "").utf8)
        var writer = ByteWriter(capacity: 4 + location.count + body.count)
        writer.append(bigEndian: UInt64(status), width: 2)
        writer.append(bigEndian: UInt64(location.count), width: 2)
        writer.append(location)
        writer.append(body)
        return writer.bytes
    }

    init?(_ bytes: [UInt8]) {
        var reader = ByteReader(bytes)
        guard let status = reader.unsigned(width: 2), let length = reader.unsigned(width: 2),
            let location = reader.take(Int(length)), let body = reader.take(reader.remaining)
        else { return nil }
        self.init(
            status: Int(status), location: location.isEmpty ? nil : String(decoding: location, as: UTF8.self),
            body: Array(body))
    }
}
