public import Core

/// A JSON text as a literal: `["text": "hello", "limit": 3]`.
public enum JSON: Sendable {
    case null
    case bool(Bool)
    case integer(Int)
    case string(String)
    case array([JSON])
    case object([(String, JSON)])

    public var bytes: [UInt8] {
        var writer = ByteWriter(capacity: 256)
        append(to: &writer)
        return writer.bytes
    }

    private func append(to writer: inout ByteWriter) {
        switch self {
        case .null: writer.append(ascii: "null")
        case .bool(let value): writer.append(ascii: value ? "true" : "false")
        case .integer(let value): writer.append(decimal: Int64(value))
        case .string(let text): writer.append(jsonString: text)
        case .array(let items):
            writer.append(ascii: "[")
            for (index, item) in items.enumerated() {
                if index > 0 { writer.append(ascii: ",") }
                item.append(to: &writer)
            }
            writer.append(ascii: "]")
        case .object(let fields):
            writer.append(ascii: "{")
            for (index, (name, value)) in fields.enumerated() {
                if index > 0 { writer.append(ascii: ",") }
                writer.append(jsonString: name)
                writer.append(ascii: ":")
                value.append(to: &writer)
            }
            writer.append(ascii: "}")
        }
    }
}

extension JSON: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral,
    ExpressibleByNilLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    public init(stringLiteral value: String) { self = .string(value) }
    public init(integerLiteral value: Int) { self = .integer(value) }
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    public init(nilLiteral: ()) { self = .null }
    public init(arrayLiteral elements: JSON...) { self = .array(elements) }
    public init(dictionaryLiteral elements: (String, JSON)...) { self = .object(elements) }
}

/// What is not there is `null`, so that a test reads a path and compares.
extension JSONValue {
    public subscript(name: String) -> JSONValue { object?[name] ?? .null }

    public subscript(index: Int) -> JSONValue {
        guard let array, array.indices.contains(index) else { return .null }
        return array[index]
    }
}
