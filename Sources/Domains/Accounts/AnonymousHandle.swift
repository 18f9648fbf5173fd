import Crypto

/// What an account without a name is called: `anon_` and 12 of a-z and 0-9. Nobody chooses a handle that begins so.
enum AnonymousHandle {
    private static let prefix = "anon_"
    private static let length = 12
    private static let alphabet = Array("abcdefghijklmnopqrstuvwxyz0123456789".utf8)

    /// 62 random bits: that two are the same does not happen.
    static func random() -> String {
        var characters: [UInt8] = []
        while characters.count < length {
            // A multiple of 36 of a byte's values, so that none is likelier than another.
            characters += Crypto.randomBytes(length).filter { $0 < 252 }.map { alphabet[Int($0) % alphabet.count] }
        }
        return prefix + String(decoding: characters.prefix(length), as: UTF8.self)
    }

    /// - Parameter handle: lower-cased.
    static func begins(_ handle: String) -> Bool {
        guard handle.hasPrefix(prefix) else { return false }
        let others = handle.utf8.dropFirst(prefix.utf8.count)
        return others.count >= length && others.prefix(length).allSatisfy(alphabet.contains)
    }
}
