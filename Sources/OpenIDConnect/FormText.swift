import Core

/// `application/x-www-form-urlencoded`, which is also how a query is written.
enum FormText {
    static func encode(_ fields: [(String, String)]) -> String {
        fields.map { "\(escaped($0))=\(escaped($1))" }.joined(separator: "&")
    }

    /// All but what is unreserved (RFC 3986) is escaped, a space, too: readers of either form understand it.
    static func escaped(_ text: String) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        var writer = ByteWriter(capacity: text.utf8.count)
        for byte in text.utf8 {
            switch byte {
            case 48...57, 65...90, 97...122, UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"):
                writer.append(byte)
            default: writer.append([UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]])
            }
        }
        return writer.string
    }

    /// Base64 as HTTP's Basic has it: the usual alphabet, with padding.
    static func base64(_ text: String) -> String {
        let url = Base64URL.encode(Array(text.utf8))
        let usual = url.map { $0 == "-" ? "+" : $0 == "_" ? "/" : $0 }
        return String(usual) + String(repeating: "=", count: (4 - url.utf8.count % 4) % 4)
    }
}
