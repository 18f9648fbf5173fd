/// A JSON text as a value, read strictly after RFC 8259: UTF-8 and surrogate pairs are checked, a key that stands
/// twice in an object is an error, nesting is limited. For what clients send: small bodies and commands.
///
/// What a text may contain is for its field to say. So a key or value may be slow to compare: see `ExactText`.
public enum JSONValue: Sendable, Equatable {
    case null
    case bool(Bool)
    /// A number without fraction or exponent that fits.
    case integer(Int64)
    case number(Double)
    case string(String)
    case array([JSONValue])
    case object(JSONObject)

    /// The field's word for this kind of value, for messages such as "expected a string, got a number".
    public var kind: String {
        switch self {
        case .null: "null"
        case .bool: "a boolean"
        case .integer, .number: "a number"
        case .string: "a string"
        case .array: "an array"
        case .object: "an object"
        }
    }

    public var string: String? { if case .string(let text) = self { text } else { nil } }
    public var object: JSONObject? { if case .object(let object) = self { object } else { nil } }
    public var array: [JSONValue]? { if case .array(let items) = self { items } else { nil } }
    public var integer: Int64? { if case .integer(let value) = self { value } else { nil } }
    public var bool: Bool? { if case .bool(let value) = self { value } else { nil } }
    public var isNull: Bool { if case .null = self { true } else { false } }
}

/// Keys in the order in which they stood. They are told apart by their bytes.
public struct JSONObject: Sendable, Equatable {
    public private(set) var keys: [String] = []
    private var values: [ExactText: JSONValue] = [:]

    public init() {}

    public subscript(key: String) -> JSONValue? { values[ExactText(key)] }

    /// The first key that is none of these.
    public func firstKey(besides known: [String]) -> String? {
        keys.first { key in !known.contains { $0.isExactly(key) } }
    }

    /// False when the key is there already.
    mutating func insert(_ key: String, _ value: JSONValue) -> Bool {
        guard values.updateValue(value, forKey: ExactText(key)) == nil else { return false }
        keys.append(key)
        return true
    }
}

public struct JSONError: Error, Equatable, Sendable {
    public let message: String
    /// Where in the text, in bytes from its start.
    public let offset: Int
}

extension JSONValue {
    /// - Parameter depth: how deeply arrays and objects may nest.
    public static func parse(_ bytes: some Collection<UInt8>, depth: Int = 16) throws(JSONError) -> JSONValue {
        var parser = JSONParser(bytes: Array(bytes))
        let value = try parser.value(depth: depth)
        parser.skipSpace()
        guard parser.atEnd else { throw parser.error("text after the end of the value") }
        return value
    }
}

private struct JSONParser {
    let bytes: [UInt8]
    var index = 0

    init(bytes: [UInt8]) {
        self.bytes = bytes
    }

    var atEnd: Bool { index == bytes.count }

    func error(_ message: String) -> JSONError { JSONError(message: message, offset: index) }

    func peek() throws(JSONError) -> UInt8 {
        guard index < bytes.count else { throw error("the text ends too early") }
        return bytes[index]
    }

    mutating func skipSpace() {
        while index < bytes.count, [32, 10, 13, 9].contains(bytes[index]) { index += 1 }
    }

    mutating func value(depth: Int) throws(JSONError) -> JSONValue {
        skipSpace()
        switch try peek() {
        case UInt8(ascii: "{"): return try object(depth: depth)
        case UInt8(ascii: "["): return try array(depth: depth)
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try literal("true", .bool(true))
        case UInt8(ascii: "f"): return try literal("false", .bool(false))
        case UInt8(ascii: "n"): return try literal("null", .null)
        default: return try number()
        }
    }

    mutating func literal(_ word: StaticString, _ value: JSONValue) throws(JSONError) -> JSONValue {
        let count = word.utf8CodeUnitCount
        let matches = word.withUTF8Buffer { bytes[index...].prefix(count).elementsEqual($0) }
        guard matches else { throw error("not a JSON value") }
        index += count
        return value
    }

    mutating func object(depth: Int) throws(JSONError) -> JSONValue {
        guard depth > 0 else { throw error("nested too deeply") }
        index += 1
        var object = JSONObject()
        skipSpace()
        if try peek() == UInt8(ascii: "}") {
            index += 1
            return .object(object)
        }
        while true {
            skipSpace()
            guard try peek() == UInt8(ascii: "\"") else { throw error("a key must be a string") }
            let key = try string()
            skipSpace()
            guard try peek() == UInt8(ascii: ":") else { throw error("a colon is missing after a key") }
            index += 1
            guard object.insert(key, try value(depth: depth - 1)) else { throw error("a key stands twice") }
            if try closes(UInt8(ascii: "}")) { return .object(object) }
        }
    }

    mutating func array(depth: Int) throws(JSONError) -> JSONValue {
        guard depth > 0 else { throw error("nested too deeply") }
        index += 1
        var items: [JSONValue] = []
        skipSpace()
        if try peek() == UInt8(ascii: "]") {
            index += 1
            return .array(items)
        }
        while true {
            items.append(try value(depth: depth - 1))
            if try closes(UInt8(ascii: "]")) { return .array(items) }
        }
    }

    /// Steps over a comma (false) or the closing bracket (true).
    mutating func closes(_ bracket: UInt8) throws(JSONError) -> Bool {
        skipSpace()
        let byte = try peek()
        guard byte == bracket || byte == UInt8(ascii: ",") else { throw error("a comma or the end is missing") }
        index += 1
        return byte == bracket
    }

    mutating func number() throws(JSONError) -> JSONValue {
        let start = index
        var whole = true
        if try peek() == UInt8(ascii: "-") { index += 1 }
        let first = try peek()
        try digits()
        if first == UInt8(ascii: "0"), index > start + (bytes[start] == UInt8(ascii: "-") ? 2 : 1) {
            throw error("a number must not begin with 0")
        }
        if index < bytes.count, bytes[index] == UInt8(ascii: ".") {
            whole = false
            index += 1
            try digits()
        }
        if index < bytes.count, bytes[index] | 32 == UInt8(ascii: "e") {
            whole = false
            index += 1
            if index < bytes.count, bytes[index] == UInt8(ascii: "+") || bytes[index] == UInt8(ascii: "-") {
                index += 1
            }
            try digits()
        }
        let text = String(decoding: bytes[start..<index], as: UTF8.self)
        if whole, let value = Int64(text) { return .integer(value) }
        guard let value = Double(text), value.isFinite else { throw error("a number is out of range") }
        return .number(value)
    }

    mutating func digits() throws(JSONError) {
        let start = index
        while index < bytes.count, bytes[index] >= 48, bytes[index] <= 57 { index += 1 }
        guard index > start else { throw error("not a JSON value") }
    }

    mutating func string() throws(JSONError) -> String {
        index += 1
        var text: [UInt8] = []
        while true {
            let byte = try peek()
            if byte == UInt8(ascii: "\"") { break }
            guard byte >= 0x20 else { throw error("a control character in a string must be escaped") }
            if byte == UInt8(ascii: "\\") {
                index += 1
                try escape(into: &text)
            } else {
                text.append(byte)
                index += 1
            }
        }
        guard let string = String(validating: text, as: UTF8.self) else { throw error("a string is not UTF-8") }
        index += 1
        return string
    }

    mutating func escape(into text: inout [UInt8]) throws(JSONError) {
        let byte = try peek()
        index += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(byte)
        case UInt8(ascii: "b"): text.append(8)
        case UInt8(ascii: "f"): text.append(12)
        case UInt8(ascii: "n"): text.append(10)
        case UInt8(ascii: "r"): text.append(13)
        case UInt8(ascii: "t"): text.append(9)
        case UInt8(ascii: "u"): text.append(contentsOf: String(try scalar()).utf8)
        default: throw error("an unknown escape")
        }
    }

    mutating func scalar() throws(JSONError) -> Character {
        let high = try hex4()
        guard (0xD800..<0xE000).contains(high) else { return Character(Unicode.Scalar(high)!) }
        guard high < 0xDC00, index + 1 < bytes.count, bytes[index] == UInt8(ascii: "\\"),
            bytes[index + 1] == UInt8(ascii: "u")
        else { throw error("half a surrogate pair") }
        index += 2
        let low = try hex4()
        guard (0xDC00..<0xE000).contains(low) else { throw error("half a surrogate pair") }
        return Character(Unicode.Scalar(0x10000 + (high - 0xD800) << 10 + (low - 0xDC00))!)
    }

    mutating func hex4() throws(JSONError) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard let digit = Character(Unicode.Scalar(try peek())).hexDigitValue else {
                throw error("an escape needs four hexadecimal digits")
            }
            value = value << 4 | UInt32(digit)
            index += 1
        }
        return value
    }
}
