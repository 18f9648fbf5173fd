/// Why bytes are not the message of Protocol Buffers that they should be.
enum ProtobufError: Error {
    /// No message at all: a length, a number or a text is broken, or it has what proto3 has not.
    case malformed
    /// A known field is of another type than its number says, or out of its range.
    case badField
}

/// Reads a message of Protocol Buffers field by field (protobuf.dev, "Encoding"). It looks into no field by itself, so
/// nothing that is unknown costs more than its length, however deep it nests.
struct ProtobufReader {
    /// Of one message. A command has ten, and the 16 channels of a `connect`.
    static let mostFields = 128
    enum Value: Equatable {
        case varint(UInt64)
        /// Four or eight bytes: no field that is known here.
        case fixed
        case bytes(ArraySlice<UInt8>)

        /// What a text or a message is that was left out.
        static let empty = Value.bytes([])

        func number() throws(ProtobufError) -> UInt64 {
            guard case .varint(let value) = self else { throw .badField }
            return value
        }

        func bool() throws(ProtobufError) -> Bool { try number() != 0 }

        func bytes() throws(ProtobufError) -> ArraySlice<UInt8> {
            guard case .bytes(let bytes) = self else { throw .badField }
            return bytes
        }

        func message() throws(ProtobufError) -> ProtobufReader { ProtobufReader(try bytes()) }

        /// What is not UTF-8 is no string of proto3.
        func text() throws(ProtobufError) -> String {
            guard let text = String(validating: try bytes(), as: UTF8.self) else { throw .malformed }
            return text
        }
    }

    private var rest: ArraySlice<UInt8>
    private var fieldsLeft = Self.mostFields

    init(_ bytes: ArraySlice<UInt8>) {
        rest = bytes
    }

    var isAtEnd: Bool { rest.isEmpty }

    /// The next field with its number; `nil` at the end. Groups, which proto3 has not, are malformed.
    mutating func next() throws(ProtobufError) -> (number: Int, value: Value)? {
        guard !rest.isEmpty else { return nil }
        fieldsLeft -= 1
        guard fieldsLeft >= 0 else { throw .malformed }
        let tag = try varint()
        guard tag >= 8, tag <= UInt64(UInt32.max) else { throw .malformed }
        let number = Int(tag >> 3)
        switch tag & 7 {
        case 0: return (number, .varint(try varint()))
        case 1:
            _ = try take(8)
            return (number, .fixed)
        case 2: return (number, .bytes(try delimited()))
        case 5:
            _ = try take(4)
            return (number, .fixed)
        default: throw .malformed
        }
    }

    /// So many bytes as the number before them says.
    mutating func delimited() throws(ProtobufError) -> ArraySlice<UInt8> {
        let length = try varint()
        guard length <= UInt64(rest.count) else { throw .malformed }
        return try take(Int(length))
    }

    /// Reads to the end: is it a message?
    mutating func skip() throws(ProtobufError) {
        while try next() != nil {}
    }

    private mutating func take(_ count: Int) throws(ProtobufError) -> ArraySlice<UInt8> {
        guard count <= rest.count else { throw .malformed }
        defer { rest = rest.dropFirst(count) }
        return rest.prefix(count)
    }

    /// Ten bytes at most, of which the last holds one bit.
    private mutating func varint() throws(ProtobufError) -> UInt64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while let byte = rest.popFirst() {
            guard shift < 63 || byte <= 1 else { throw .malformed }
            value |= UInt64(byte & 0x7F) << shift
            guard byte >= 0x80 else { return value }
            shift += 7
        }
        throw .malformed
    }
}
