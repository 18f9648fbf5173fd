import CHiredis

/// What Redis answers (RESP2).
public enum RedisReply: Sendable, Equatable {
    case null
    case integer(Int64)
    case bulk([UInt8])
    case status(String)
    case error(String)
    case array([RedisReply])

    /// The number of an integer, or of a bulk string of decimal digits.
    public var integer: Int64? {
        switch self {
        case .integer(let value): value
        case .bulk(let bytes): Int64(String(decoding: bytes, as: UTF8.self))
        default: nil
        }
    }

    public var bytes: [UInt8]? {
        if case .bulk(let bytes) = self { bytes } else { nil }
    }

    /// A bulk string or a status as text; what is not UTF-8 is replaced.
    public var text: String? {
        switch self {
        case .bulk(let bytes): String(decoding: bytes, as: UTF8.self)
        case .status(let text): text
        default: nil
        }
    }

    public var elements: [RedisReply]? {
        if case .array(let elements) = self { elements } else { nil }
    }

    public var isNull: Bool { self == .null }
}

extension RedisReply {
    /// Copies hiredis's tree; the caller frees it.
    init(_ raw: UnsafePointer<redisReply>) {
        switch raw.pointee.type {
        case REDIS_REPLY_INTEGER: self = .integer(raw.pointee.integer)
        case REDIS_REPLY_STRING: self = .bulk(Array(Self.payload(raw)))
        case REDIS_REPLY_STATUS: self = .status(String(decoding: Self.payload(raw), as: UTF8.self))
        case REDIS_REPLY_ERROR: self = .error(String(decoding: Self.payload(raw), as: UTF8.self))
        case REDIS_REPLY_ARRAY:
            let elements = UnsafeBufferPointer(start: raw.pointee.element, count: raw.pointee.elements)
            self = .array(elements.map { $0.map { RedisReply($0) } ?? .null })
        default: self = .null
        }
    }

    private static func payload(_ raw: UnsafePointer<redisReply>) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: raw.pointee.str, count: raw.pointee.len)
    }
}
