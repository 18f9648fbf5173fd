import CLibpq
import Core

extension Database {
    private static let sslModes = ["disable", "allow", "prefer", "require", "verify-ca", "verify-full"]

    /// What is wrong with a libpq URI or connection string, in libpq's words but for what it quotes, which may be part
    /// of a password; `nil` for nothing.
    public static func problem(withConnectionInfo text: String) -> String? {
        var message: UnsafeMutablePointer<CChar>?
        guard let options = PQconninfoParse(text, &message) else {
            defer { PQfreemem(message) }
            return message.map { withoutQuotes(String(cString: $0)) } ?? "it can't be read"
        }
        defer { PQconninfoFree(options) }
        var option = options
        while let keyword = option.pointee.keyword.map({ String(cString: $0) }) {
            if let value = option.pointee.val.map({ String(cString: $0) }), !value.isEmpty {
                let words = value.split(separator: ",", omittingEmptySubsequences: false)
                if keyword == "port", !words.allSatisfy({ $0.isEmpty || (1...65_535).contains(Int($0) ?? 0) }) {
                    return "the port is no number from 1 to 65535"
                }
                if keyword == "sslmode", !sslModes.contains(value) {
                    return "the sslmode is none of \(sslModes.joined(separator: ", "))"
                }
            }
            option += 1
        }
        return nil
    }

    private static func withoutQuotes(_ message: String) -> String {
        let parts = message.split(separator: "\"", omittingEmptySubsequences: false)
        return parts.enumerated().map { $0.offset % 2 == 0 || $0.element.count == 1 ? String($0.element) : "…" }
            .joined(separator: "\"").filter { $0 != "\n" }
    }
}
