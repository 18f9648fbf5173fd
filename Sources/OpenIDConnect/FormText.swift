import Core

/// `application/x-www-form-urlencoded`, which is also how a query is written.
enum FormText {
    static func encode(_ fields: [(String, String)]) -> String {
        fields.map { "\(escaped($0))=\(escaped($1))" }.joined(separator: "&")
    }

    static func escaped(_ text: String) -> String { text.percentEscaped }

    /// Base64 as HTTP's Basic has it: the usual alphabet, with padding.
    static func base64(_ text: String) -> String {
        let url = Base64URL.encode(Array(text.utf8))
        let usual = url.map { $0 == "-" ? "+" : $0 == "_" ? "/" : $0 }
        return String(usual) + String(repeating: "=", count: (4 - url.utf8.count % 4) % 4)
    }
}
