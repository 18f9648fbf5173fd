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
    /// Two lower-case digits a byte.
    public var hexadecimal: String {
        var writer = ByteWriter(capacity: 2 * underestimatedCount)
        let digits = Array("0123456789abcdef".utf8)
        for byte in self {
            writer.append(digits[Int(byte >> 4)])
            writer.append(digits[Int(byte & 15)])
        }
        return writer.string
    }
}
