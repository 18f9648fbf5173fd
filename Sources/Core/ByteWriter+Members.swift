/// Members of JSON objects that are there or not. Each comes behind another one.
extension ByteWriter {
    /// `,"key":"text"`; nothing where there is none.
    public mutating func append(key: StaticString, of text: String?) {
        guard let text else { return }
        append(ascii: ",\"")
        append(ascii: key)
        append(ascii: "\":")
        append(jsonString: text)
    }

    /// `,"key":12`.
    public mutating func append(key: StaticString, of number: Int64) {
        append(ascii: ",\"")
        append(ascii: key)
        append(ascii: "\":")
        append(decimal: number)
    }

    /// `,"key":"…"`, a time of RFC 3339; nothing where there is none.
    public mutating func append(key: StaticString, time milliseconds: Int64?) {
        guard let milliseconds else { return }
        append(ascii: ",\"")
        append(ascii: key)
        append(ascii: "\":\"")
        appendTime(milliseconds: milliseconds)
        append(ascii: "\"")
    }
}

extension Sequence<UInt8> {
    /// Lower-case hexadecimal, two digits a byte.
    public var hexadecimal: String {
        var writer = ByteWriter(capacity: 2 * underestimatedCount)
        writer.append(hex: self)
        return writer.string
    }
}
