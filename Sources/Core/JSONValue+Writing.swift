extension ByteWriter {
    /// Without white space; keys in their order. What it writes is read as the same value by `JSONValue.parse`.
    public mutating func append(json value: JSONValue) {
        switch value {
        case .null: append(ascii: "null")
        case .bool(let isTrue): append(isTrue ? "true" : "false")
        case .integer(let number): append(decimal: number)
        // Swift writes the shortest digits that give the same number back, in a form that JSON has, too.
        case .number(let number): append(number.isFinite ? number.description : "null")
        case .string(let text): append(jsonString: text)
        case .array(let items):
            append(ascii: "[")
            for (index, item) in items.enumerated() {
                if index > 0 { append(ascii: ",") }
                append(json: item)
            }
            append(ascii: "]")
        case .object(let object):
            append(ascii: "{")
            var isFirst = true
            for (key, item) in object.members {
                if !isFirst { append(ascii: ",") }
                isFirst = false
                append(jsonString: key)
                append(ascii: ":")
                append(json: item)
            }
            append(ascii: "}")
        }
    }
}

extension JSONValue {
    /// As text, without white space.
    public var text: String {
        var writer = ByteWriter(capacity: 256)
        writer.append(json: self)
        return writer.string
    }

    /// What a writer of JSON writes, as a value: for examples, which then say what is really sent.
    /// - Parameter write: must write one whole value.
    public static func written(_ write: (inout ByteWriter) -> Void) -> JSONValue {
        var writer = ByteWriter(capacity: 256)
        write(&writer)
        do {
            return try parse(writer.bytes)
        } catch {
            preconditionFailure("not JSON: \(error.message) at byte \(error.offset) of \(writer.string)")
        }
    }
}
