import Core
public import Crypto

/// A provider's public keys: a JSON Web Key Set (RFC 7517). Keys of other kinds, for other uses, or that are none, are left
/// out.
public struct KeySet: Sendable, Equatable {
    public static let most = 100

    public struct Key: Sendable, Equatable {
        /// `nil`: it has no name.
        public let id: String?
        public let key: VerifyingKey

        public init(id: String?, key: VerifyingKey) {
            (self.id, self.key) = (id, key)
        }
    }

    public let keys: [Key]

    public init(_ keys: [Key]) { self.keys = keys }

    /// - Returns: `nil` for what is no key set, or has more than `most` keys.
    public init?(_ bytes: [UInt8]) {
        guard let entries = try? JSONValue.parse(bytes, depth: 8).object?["keys"]?.array, entries.count <= Self.most
        else { return nil }
        keys = entries.compactMap { $0.object.flatMap(Self.key) }
    }

    /// Those by which a token with this head may be signed: of its name, and of its algorithm. Who names none means the only
    /// one.
    func candidates(id: String?, algorithm: VerifyingKey.Algorithm) -> [VerifyingKey] {
        let found = keys.filter { key in
            key.key.algorithm == algorithm && (id == nil || id.flatMap { key.id?.isExactly($0) } == true)
        }
        // A name is one key's.
        return found.count == 1 ? found.map(\.key) : []
    }

    private static func key(_ object: JSONObject) -> Key? {
        if let use = object["use"], use.string != "sig" { return nil }
        if let operations = object["key_ops"], operations.array?.contains(.string("verify")) != true { return nil }
        guard let key = verifyingKey(object) else { return nil }
        if let name = object["alg"], name.string.flatMap({ .init(name: $0) }) != key.algorithm { return nil }
        guard let id = object["kid"] else { return Key(id: nil, key: key) }
        guard let text = id.string else { return nil }
        return Key(id: text, key: key)
    }

    /// By its kind, and never by what a token says.
    private static func verifyingKey(_ object: JSONObject) -> VerifyingKey? {
        func bytes(_ name: String) -> [UInt8]? { object[name]?.string.flatMap { Base64URL.decode($0) } }
        switch (object["kty"]?.string, object["crv"]?.string) {
        case ("RSA", nil):
            guard let modulus = bytes("n"), let exponent = bytes("e") else { return nil }
            return VerifyingKey(rsaModulus: modulus, exponent: exponent)
        case ("EC", "P-256"):
            guard let x = bytes("x"), let y = bytes("y") else { return nil }
            return VerifyingKey(p256X: x, y: y)
        case ("OKP", "Ed25519"): return bytes("x").flatMap { VerifyingKey(ed25519: $0) }
        default: return nil
        }
    }
}
