/// Base64 with its usual alphabet and padding (RFC 4648, section 4). Decoding is strict: one text for one value.
public enum Base64 {
    public static func encode(_ bytes: some Collection<UInt8>) -> String {
        let url = Base64URL.encode(bytes)
        let usual = url.map { $0 == "-" ? "+" : $0 == "_" ? "/" : $0 }
        return String(usual) + String(repeating: "=", count: (4 - url.utf8.count % 4) % 4)
    }

    /// `nil` for a foreign character, missing or needless padding, or bits left over that are not zero.
    public static func decode(_ text: some StringProtocol) -> [UInt8]? { decode(Array(text.utf8)) }

    /// - Parameter input: ASCII.
    public static func decode(_ input: [UInt8]) -> [UInt8]? {
        guard input.count % 4 == 0, !input.contains(where: { $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_") })
        else {
            return nil
        }
        let padding = input.suffix(2).reversed().prefix { $0 == UInt8(ascii: "=") }.count
        return Base64URL.decode(
            input.dropLast(padding).map {
                $0 == UInt8(ascii: "+") ? UInt8(ascii: "-") : $0 == UInt8(ascii: "/") ? UInt8(ascii: "_") : $0
            })
    }
}
