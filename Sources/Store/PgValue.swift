/// A parameter of a statement, sent as text: PostgreSQL takes its type from the statement.
public enum PgValue: Sendable, Equatable, ExpressibleByStringLiteral, ExpressibleByIntegerLiteral {
    case null
    case text(String)
    case integer(Int64)
    case bytes([UInt8])
    case bool(Bool)
    case integers([Int64])
    case texts([String])
    case byteArrays([[UInt8]])

    public init(stringLiteral value: String) { self = .text(value) }
    public init(integerLiteral value: Int64) { self = .integer(value) }

    /// The text form; `nil` for NULL. Text with U+0000 cannot be stored: PostgreSQL would cut it there.
    func encoded() throws(PgError) -> String? {
        switch self {
        case .null: return nil
        case .text(let text):
            guard !text.utf8.contains(0) else { throw PgError.invalidParameter("text with U+0000") }
            return text
        case .integer(let value): return String(value)
        case .bytes(let bytes): return Self.hex(bytes)
        case .bool(let value): return value ? "t" : "f"
        case .integers(let values): return "{" + values.map { String($0) }.joined(separator: ",") + "}"
        case .texts(let texts):
            guard !texts.contains(where: { $0.utf8.contains(0) }) else {
                throw PgError.invalidParameter("text with U+0000")
            }
            return "{" + texts.map(Self.quoted).joined(separator: ",") + "}"
        // A backslash is escaped within an array.
        case .byteArrays(let arrays):
            return "{" + arrays.map { "\"\\" + Self.hex($0) + "\"" }.joined(separator: ",") + "}"
        }
    }

    private static func quoted(_ text: String) -> String {
        "\"" + text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
    }

    private static func hex(_ bytes: [UInt8]) -> String {
        let digits = Array("0123456789abcdef".utf8)
        var text: [UInt8] = Array("\\x".utf8)
        text.reserveCapacity(2 + bytes.count * 2)
        for byte in bytes {
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
        return String(decoding: text, as: UTF8.self)
    }
}
