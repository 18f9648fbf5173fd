extension JSONValue {
    /// - Parameter depth: how deeply arrays and objects may nest.
    public static func parse(_ bytes: some Collection<UInt8>, depth: Int = 16) throws(JSONError) -> JSONValue {
        var limits = JSONLimits(depth: depth)
        return try parse(bytes, &limits)
    }

    /// Whether a text is an object, for one who passes it on and needs nothing of it.
    public static func isObject(_ bytes: some Collection<UInt8>, _ limits: JSONLimits) -> Bool {
        let bytes = Array(bytes)
        guard String(validating: bytes, as: UTF8.self) != nil else { return false }
        var parser = JSONParser(bytes, limits, keepsTexts: false)
        guard let value = try? parser.value(depth: limits.depth) else { return false }
        parser.skipSpace()
        return parser.atEnd && value.object != nil
    }

    /// - Parameter limits: for this text and, with what it leaves of them, the next.
    public static func parse(
        _ bytes: some Collection<UInt8>, _ limits: inout JSONLimits
    ) throws(JSONError) -> JSONValue {
        var parser = JSONParser(Array(bytes), limits)
        let value = try parser.value(depth: limits.depth)
        parser.skipSpace()
        guard parser.atEnd else { throw parser.error("text after the end of the value") }
        limits.values = parser.valuesLeft
        return value
    }
}

/// What `JSONValue.parse` does, in one pass: it stops at the first byte that is wrong.
struct JSONParser {
    /// Bytes of a number. Making a `Double` of thousands of digits takes long, and nobody sends them.
    private static let longestNumber = 128

    private let bytes: [UInt8]
    private var index = 0
    /// How many values may still come.
    private(set) var valuesLeft: Int
    private let longestKey: Int
    private let marksInKey: Int

    /// Otherwise those of values are empty, and that they are UTF-8 is known before.
    private let keepsTexts: Bool

    init(_ bytes: [UInt8], _ limits: JSONLimits, keepsTexts: Bool = true) {
        self.bytes = bytes
        self.keepsTexts = keepsTexts
        valuesLeft = limits.values
        longestKey = limits.longestKey
        marksInKey = limits.marksInKey
    }

    var atEnd: Bool { index == bytes.count }

    func error(_ message: String) -> JSONError { JSONError(message: message, offset: index) }

    private func peek() throws(JSONError) -> UInt8 {
        guard index < bytes.count else { throw error("the text ends too early") }
        return bytes[index]
    }

    mutating func skipSpace() {
        while index < bytes.count {
            switch bytes[index] {
            case 32, 10, 13, 9: index += 1
            default: return
            }
        }
    }

    mutating func value(depth: Int) throws(JSONError) -> JSONValue {
        skipSpace()
        let first = try peek()
        guard valuesLeft > 0 else { throw error("too many values") }
        valuesLeft -= 1
        switch first {
        case UInt8(ascii: "{"): return try object(depth: depth)
        case UInt8(ascii: "["): return try array(depth: depth)
        case UInt8(ascii: "\""): return .string(try keepsTexts ? string() : skipString())
        case UInt8(ascii: "t"): return try literal("true", .bool(true))
        case UInt8(ascii: "f"): return try literal("false", .bool(false))
        case UInt8(ascii: "n"): return try literal("null", .null)
        default: return try number()
        }
    }

    private mutating func literal(_ word: StaticString, _ value: JSONValue) throws(JSONError) -> JSONValue {
        let count = word.utf8CodeUnitCount
        let matches = word.withUTF8Buffer { bytes[index...].prefix(count).elementsEqual($0) }
        guard matches else { throw error("not a JSON value") }
        index += count
        return value
    }

    // MARK: Objects and arrays

    private mutating func object(depth: Int) throws(JSONError) -> JSONValue {
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
            guard key.utf8.count <= longestKey else { throw error("a key is too long") }
            guard marksInKey == .max || key.hasFewMarks(marksInKey) else {
                throw error("a key with more than \(marksInKey) combining marks in a row")
            }
            skipSpace()
            guard try peek() == UInt8(ascii: ":") else { throw error("a colon is missing after a key") }
            index += 1
            guard object.insert(key, try value(depth: depth - 1)) else { throw error("a key stands twice") }
            if try closes(UInt8(ascii: "}")) { return .object(object) }
        }
    }

    private mutating func array(depth: Int) throws(JSONError) -> JSONValue {
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
    private mutating func closes(_ bracket: UInt8) throws(JSONError) -> Bool {
        skipSpace()
        let byte = try peek()
        guard byte == bracket || byte == UInt8(ascii: ",") else { throw error("a comma or the end is missing") }
        index += 1
        return byte == bracket
    }

    // MARK: Numbers

    private mutating func number() throws(JSONError) -> JSONValue {
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
        guard index - start <= Self.longestNumber else { throw error("a number is too long") }
        // Every number of 18 digits fits.
        if whole, index - start <= 18 { return .integer(small(bytes[start..<index])) }
        let text = String(decoding: bytes[start..<index], as: UTF8.self)
        if whole, let value = Int64(text) { return .integer(value) }
        guard let value = Double(text), value.isFinite else { throw error("a number is out of range") }
        return .number(value)
    }

    private func small(_ text: ArraySlice<UInt8>) -> Int64 {
        var value: Int64 = 0
        for byte in text where byte != UInt8(ascii: "-") { value = value * 10 + Int64(byte - 48) }
        return text.first == UInt8(ascii: "-") ? -value : value
    }

    private mutating func digits() throws(JSONError) {
        let start = index
        while index < bytes.count, bytes[index] >= 48, bytes[index] <= 57 { index += 1 }
        guard index > start else { throw error("not a JSON value") }
    }

    // MARK: Strings

    private mutating func string() throws(JSONError) -> String {
        index += 1
        let start = index
        skipPlain()
        // Most have no escape, and need no copy.
        if try peek() == UInt8(ascii: "\"") { return try text(bytes[start..<index]) }
        var copy = Array(bytes[start..<index])
        while true {
            let byte = try peek()
            if byte == UInt8(ascii: "\"") { return try text(copy[...]) }
            guard byte == UInt8(ascii: "\\") else {
                throw error("a control character in a string must be escaped")
            }
            index += 1
            try escape(into: &copy)
            let plain = index
            skipPlain()
            // Between escapes often stands a byte or none, for which a slice would be long.
            if index - plain > 8 {
                copy.append(contentsOf: bytes[plain..<index])
            } else {
                for place in plain..<index { copy.append(bytes[place]) }
            }
        }
    }

    private mutating func skipString() throws(JSONError) -> String {
        index += 1
        while true {
            skipPlain()
            let byte = try peek()
            index += 1
            if byte == UInt8(ascii: "\"") { return "" }
            guard byte == UInt8(ascii: "\\") else { throw error("a control character in a string must be escaped") }
            let escape = try peek()
            index += 1
            if escape == UInt8(ascii: "u") {
                _ = try scalar()
            } else if Self.plainEscape(escape) == nil {
                throw error("an unknown escape")
            }
        }
    }

    /// To the next byte that ends a string, begins an escape, or may not stand in one.
    private mutating func skipPlain() {
        var next = index
        while next < bytes.count {
            let byte = bytes[next]
            if byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { break }
            next += 1
        }
        index = next
    }

    /// Steps over the closing quote.
    private mutating func text(_ utf8: ArraySlice<UInt8>) throws(JSONError) -> String {
        guard let text = String(validating: utf8, as: UTF8.self) else { throw error("a string is not UTF-8") }
        index += 1
        return text
    }

    private mutating func escape(into text: inout [UInt8]) throws(JSONError) {
        let byte = try peek()
        index += 1
        if let plain = Self.plainEscape(byte) { return text.append(plain) }
        guard byte == UInt8(ascii: "u") else { throw error("an unknown escape") }
        let scalar = try scalar()
        if scalar.isASCII { text.append(UInt8(scalar.value)) } else { text.append(contentsOf: scalar.utf8) }
    }

    /// What a backslash and this byte stand for.
    private static func plainEscape(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): byte
        case UInt8(ascii: "b"): 8
        case UInt8(ascii: "f"): 12
        case UInt8(ascii: "n"): 10
        case UInt8(ascii: "r"): 13
        case UInt8(ascii: "t"): 9
        default: nil
        }
    }

    private mutating func scalar() throws(JSONError) -> Unicode.Scalar {
        let high = try hex4()
        guard (0xD800..<0xE000).contains(high) else { return Unicode.Scalar(high)! }
        guard high < 0xDC00, index + 1 < bytes.count, bytes[index] == UInt8(ascii: "\\"),
            bytes[index + 1] == UInt8(ascii: "u")
        else { throw error("half a surrogate pair") }
        index += 2
        let low = try hex4()
        guard (0xDC00..<0xE000).contains(low) else { throw error("half a surrogate pair") }
        return Unicode.Scalar(0x10000 + (high - 0xD800) << 10 + (low - 0xDC00))!
    }

    private mutating func hex4() throws(JSONError) -> UInt32 {
        var value: UInt32 = 0
        let read = bytes.withUnsafeBufferPointer { bytes in
            var place = index
            while place < min(index + 4, bytes.count) {
                let digit = Self.hexValue(bytes[place])
                guard digit < 16 else { break }
                value = value << 4 | digit
                place += 1
            }
            return place - index
        }
        index += read
        guard read == 4 else {
            throw error(atEnd ? "the text ends too early" : "an escape needs four hexadecimal digits")
        }
        return value
    }

    /// 16 for what is no digit.
    private static func hexValue(_ byte: UInt8) -> UInt32 {
        switch byte {
        case 48...57: UInt32(byte - 48)
        case 65...70: UInt32(byte - 55)
        case 97...102: UInt32(byte - 87)
        default: 16
        }
    }
}
