import Core

// The wire format of Protocol Buffers, as far as replies need it (protobuf.dev, "Encoding"). What has its default value is
// left out, as proto3 does.

extension ByteWriter {
    mutating func append(varint value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        append(UInt8(rest))
    }

    /// - Parameter field: 1 to 15, whose tags have one byte.
    mutating func append(field: UInt8, varint value: UInt64) {
        guard value > 0 else { return }
        append(field << 3)
        append(varint: value)
    }

    mutating func append(field: UInt8, _ value: Bool) {
        append(field: field, varint: value ? 1 : 0)
    }

    mutating func append(field: UInt8, _ text: String) {
        guard !text.isEmpty else { return }
        append(field << 3 | 2)
        append(varint: UInt64(text.utf8.count))
        append(text)
    }

    mutating func append(field: UInt8, _ value: [UInt8]) {
        guard !value.isEmpty else { return }
        append(message: value, field)
    }

    /// A message inside; it is there even when it is empty.
    mutating func append(field: UInt8, message body: (inout ByteWriter) -> Void) {
        var inner = ByteWriter()
        body(&inner)
        append(message: inner.bytes, field)
    }

    private mutating func append(message bytes: [UInt8], _ field: UInt8) {
        append(field << 3 | 2)
        append(varint: UInt64(bytes.count))
        append(bytes)
    }

    /// Bytes of the number as a varint.
    static func length(varint value: Int) -> Int {
        value < 0x80 ? 1 : (UInt64(value).bitWidth - UInt64(value).leadingZeroBitCount + 6) / 7
    }
}
