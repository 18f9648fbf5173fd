import Core

extension FuzzTarget {
    static let jsonWords = [
        "{", "}", "[", "]", ",", ":", "\"", "\\", "null", "true", "false", "-", ".", "e", "E+", "\\u0000", "\\u00e9",
        "\\ud83d", "\\ude00", "\\ud83d\\ude00", "\\n", "\\/", "\"\":", "[[[[", "{\"a\":", "\u{212A}", "e\u{301}", "é",
    ]

    /// A JSON text: the value written down reads as the same value; an error is at a place of the text.
    static let json = FuzzTarget(
        "json", words: jsonWords, leastAccepted: 100,
        timed: Timed(.pool) { input, watch in _ = watch.time { try? JSONValue.parse(input) } }
    ) { input, _ throws(Finding) in
        let value: JSONValue
        do throws(JSONError) {
            value = try JSONValue.parse(input)
        } catch {
            try require(!JSONValue.isObject(input, JSONLimits()), "the check alone takes it for an object")
            try require((0...input.count).contains(error.offset), "an error at byte \(error.offset)")
            return false
        }
        try require(
            JSONValue.isObject(input, JSONLimits()) == (value.object != nil), "to the check alone it is another")
        try checkRewritten(value)
        if value.object != nil || value.array != nil || value.string != nil {
            let last = input.lastIndex { ![9, 10, 13, 32].contains($0) }!
            try require((try? JSONValue.parse(input[..<last])) == nil, "without its last byte it is still a value")
        }
        return true
    }

    private static func checkRewritten(_ value: JSONValue) throws(Finding) {
        let text = value.rewritten(depth: 16)
        guard let text, let again = try? JSONValue.parse(text) else { throw Finding("written anew it is no value") }
        // Of the texts, for `==` of strings takes canonically equivalent ones for equal.
        try require(again.rewritten(depth: 16) == text, "written anew it is another value")
    }

    /// Headers as the embedded log stores them: what is read can be stored and read again, also when the input itself
    /// is a name or a value.
    static let flatJSON = FuzzTarget(
        "flat-json", words: jsonWords, leastAccepted: 100,
        timed: Timed(.pool) { input, watch in
            let text = String(decoding: input, as: UTF8.self)
            _ = watch.time { try? FlatJSON.decode(text) }
        }
    ) { input, _ throws(Finding) in
        let text = String(decoding: input, as: UTF8.self)
        guard text.hasFewMarks else {
            try require((try? FlatJSON.decode(text)) == nil, "it is read in spite of its marks")
            return false
        }
        let middle = text.unicodeScalars.index(
            text.startIndex, offsetBy: text.unicodeScalars.count / 2)
        let made = [String(text[..<middle]): String(text[middle...]), "x" + text: text]
        try require((try? FlatJSON.decode(FlatJSON.encode(made)).matches(made)) == true, "a text is stored as another")
        guard let read = try? FlatJSON.decode(text) else { return false }
        try require(
            (try? FlatJSON.decode(FlatJSON.encode(read)).matches(read)) == true, "what was read is stored as another")
        return true
    }
}

extension JSONValue {
    /// `nil` for what nests deeper.
    func rewritten(depth: Int) -> [UInt8]? {
        var writer = ByteWriter()
        return append(to: &writer, depth: depth) ? writer.bytes : nil
    }

    private func append(to writer: inout ByteWriter, depth: Int) -> Bool {
        switch self {
        case .null: writer.append(ascii: "null")
        case .bool(let value): writer.append(value ? "true" : "false")
        case .integer(let value): writer.append(decimal: value)
        case .number(let value): writer.append("\(value)")
        case .string(let text): writer.append(jsonString: text)
        case .array(let items):
            guard depth > 0 else { return false }
            writer.append(ascii: "[")
            for (index, item) in items.enumerated() {
                if index > 0 { writer.append(ascii: ",") }
                guard item.append(to: &writer, depth: depth - 1) else { return false }
            }
            writer.append(ascii: "]")
        case .object(let object):
            guard depth > 0 else { return false }
            writer.append(ascii: "{")
            for (index, key) in object.keys.enumerated() {
                if index > 0 { writer.append(ascii: ",") }
                writer.append(jsonString: key)
                writer.append(ascii: ":")
                guard object[key]!.append(to: &writer, depth: depth - 1) else { return false }
            }
            writer.append(ascii: "}")
        }
        return true
    }
}

extension [String: String] {
    /// Byte for byte.
    fileprivate func matches(_ other: [String: String]) -> Bool {
        count == other.count
            && other.allSatisfy { name, value in self[name].map { $0.utf8.elementsEqual(value.utf8) } ?? false }
    }
}
