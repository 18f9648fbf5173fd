import Crypto

/// What an account is opened with where its password is lost, or where it has none: 160 random bits as 32 letters and digits
/// that can't be taken for each other (Crockford's Base32), in groups of four. Stored as a keyed hash only.
package struct RecoveryCode: Sendable {
    private static let alphabet = Array("0123456789ABCDEFGHJKMNPQRSTVWXYZ".utf8)
    private static let length = 32
    /// With some spaces and hyphens more than there need to be.
    private static let longestText = 128
    static let example = RecoveryCode(symbols: Array("7K2QM8XWRT4VZ0HB5NDJ9CGEYS6PA3F1".utf8))

    /// Of the alphabet, without hyphens.
    package let symbols: [UInt8]

    private init(symbols: [UInt8]) { self.symbols = symbols }

    static func random() -> RecoveryCode {
        RecoveryCode(symbols: Crypto.randomBytes(length).map { alphabet[Int($0 & 31)] })
    }

    /// As a person has written it down: in any case, with or without hyphens and spaces, O for 0, I or L for 1.
    /// - Returns: `nil` for what can be none.
    package init?(_ text: String) {
        guard text.utf8.count <= Self.longestText else { return nil }
        symbols = text.utf8.compactMap { byte in
            // Of ASCII only: other letters become two of these when they are upper-cased.
            switch (97...122).contains(byte) ? byte - 32 : byte {
            case UInt8(ascii: "-"), UInt8(ascii: " "): nil
            case UInt8(ascii: "O"): UInt8(ascii: "0")
            case UInt8(ascii: "I"), UInt8(ascii: "L"): UInt8(ascii: "1")
            case let upper: upper
            }
        }
        guard symbols.count == Self.length, symbols.allSatisfy(Self.alphabet.contains) else { return nil }
    }

    /// `7K2Q-M8XW-…`
    package var text: String {
        stride(from: 0, to: symbols.count, by: 4)
            .map { String(decoding: symbols[$0..<$0 + 4], as: UTF8.self) }.joined(separator: "-")
    }

    func hash(key: [UInt8]) -> [UInt8] { Crypto.hmacSHA256(key: key, symbols) }
}
