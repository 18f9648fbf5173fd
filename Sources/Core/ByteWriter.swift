/// Appends bytes to one growing buffer: JSON, frames, Redis arguments. Reuse it by `removeAll()`.
public struct ByteWriter: Sendable {
    public var bytes: [UInt8]

    @inlinable
    public init(capacity: Int = 0) {
        bytes = []
        if capacity > 0 { bytes.reserveCapacity(capacity) }
    }

    @inlinable public var count: Int { bytes.count }

    /// The bytes as text; what is not UTF-8 is replaced.
    public var string: String { String(decoding: bytes, as: UTF8.self) }

    @inlinable
    public mutating func removeAll() {
        bytes.removeAll(keepingCapacity: true)
    }

    @inlinable
    public mutating func append(_ byte: UInt8) {
        bytes.append(byte)
    }

    @inlinable
    public mutating func append(_ more: some Sequence<UInt8>) {
        bytes.append(contentsOf: more)
    }

    @inlinable
    public mutating func append(ascii text: StaticString) {
        text.withUTF8Buffer { bytes.append(contentsOf: $0) }
    }

    @inlinable
    public mutating func append(_ text: String) {
        bytes.append(contentsOf: text.utf8)
    }

    @inlinable
    public mutating func append(decimal value: Int64) {
        if value < 0 {
            bytes.append(45)
        }
        append(decimal: value.magnitude)
    }

    public mutating func append(decimal value: UInt64) {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 20) { digits in
            var rest = value
            var start = 20
            repeat {
                start -= 1
                digits[start] = UInt8(48 + rest % 10)
                rest /= 10
            } while rest > 0
            bytes.append(contentsOf: digits[start..<20])
        }
    }

    /// Big-endian, the low `width` bytes of the value.
    @inlinable
    public mutating func append(bigEndian value: UInt64, width: Int) {
        for index in (0..<width).reversed() {
            bytes.append(UInt8(truncatingIfNeeded: value >> UInt64(index * 8)))
        }
    }

    /// A JSON string with its quotes. Control characters, quotes, backslashes and U+2028/U+2029 are escaped.
    public mutating func append(jsonString text: String) {
        append(34)
        var text = text
        text.withUTF8 { utf8 in
            var start = 0
            var index = 0
            while index < utf8.count {
                let byte = utf8[index]
                // U+2028 and U+2029 end a line in old JavaScript, and in a server-sent event's reader.
                let separator =
                    byte == 0xE2 && index + 2 < utf8.count && utf8[index + 1] == 0x80
                    && (utf8[index + 2] == 0xA8 || utf8[index + 2] == 0xA9)
                if byte >= 0x20 && byte != 34 && byte != 92 && !separator {
                    index += 1
                    continue
                }
                bytes.append(contentsOf: utf8[start..<index])
                if separator {
                    append(utf8[index + 2] == 0xA8 ? "\\u2028" : "\\u2029")
                    index += 3
                } else {
                    appendEscape(byte)
                    index += 1
                }
                start = index
            }
            bytes.append(contentsOf: utf8[start..<utf8.count])
        }
        append(34)
    }

    private mutating func appendEscape(_ byte: UInt8) {
        switch byte {
        case 34: append(ascii: "\\\"")
        case 92: append(ascii: "\\\\")
        case 10: append(ascii: "\\n")
        case 13: append(ascii: "\\r")
        case 9: append(ascii: "\\t")
        default:
            append(ascii: "\\u00")
            append(hexDigit(byte >> 4))
            append(hexDigit(byte & 15))
        }
    }

    /// Lower-case hexadecimal, two digits a byte.
    public mutating func append(hex data: some Sequence<UInt8>) {
        for byte in data {
            append(hexDigit(byte >> 4))
            append(hexDigit(byte & 15))
        }
    }
}

@inlinable
func hexDigit(_ value: UInt8) -> UInt8 {
    value < 10 ? 48 + value : 87 + value
}

/// Reads what `append(bigEndian:width:)` wrote; every read checks the end.
public struct ByteReader: ~Copyable {
    private let bytes: [UInt8]
    public private(set) var position: Int

    public init(_ bytes: [UInt8]) {
        self.bytes = bytes
        position = 0
    }

    public var remaining: Int { bytes.count - position }

    /// The next byte, which stays.
    public func peek() -> UInt8? { position < bytes.count ? bytes[position] : nil }

    public mutating func unsigned(width: Int) -> UInt64? {
        guard remaining >= width else { return nil }
        var value: UInt64 = 0
        for _ in 0..<width {
            value = value << 8 | UInt64(bytes[position])
            position += 1
        }
        return value
    }

    public mutating func take(_ count: Int) -> ArraySlice<UInt8>? {
        guard count >= 0, remaining >= count else { return nil }
        defer { position += count }
        return bytes[position..<position + count]
    }
}
