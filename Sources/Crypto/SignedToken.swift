public import Core

/// A JWS in its compact form (RFC 7515), such as a JWT: a head and a payload in JSON, and a signature of both. Nothing in
/// it is believed before `isSigned(by:)`.
public struct SignedToken: Sendable, Concealed {
    private static let depth = 8

    public let head: JSONObject
    private let signature: [UInt8]
    private let payload: [UInt8]
    private let signed: [UInt8]

    /// - Parameter longest: bytes that it may have.
    /// - Returns: `nil` where it has not three parts, or the head is no object.
    public init?(_ text: some StringProtocol, longest: Int) {
        guard text.utf8.count <= longest else { return nil }
        let bytes = Array(text.utf8)
        let parts = bytes.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 3, let head = Self.object(Array(parts[0])),
            let signature = Base64URL.decode(Array(parts[2]))
        else { return nil }
        (self.head, self.signature) = (head, signature)
        payload = Array(parts[1])
        signed = Array(bytes[..<parts[1].endIndex])
    }

    /// By the key's own algorithm, whatever the head says: `none`, or HMAC by a public key, is no algorithm here.
    public func isSigned(by key: VerifyingKey) -> Bool { key.verify(signature, of: signed) }

    /// - Returns: `nil` where the payload is no object.
    public var claims: JSONObject? { Self.object(payload) }

    private static func object(_ part: [UInt8]) -> JSONObject? {
        Base64URL.decode(part).flatMap { try? JSONValue.parse($0, depth: depth).object }
    }

    /// The text of one.
    /// - Parameter sign: makes the signature of the algorithm that the head names.
    public static func make(head: JSONObject, claims: JSONObject, sign: ([UInt8]) -> [UInt8]) -> String {
        let signed = part(head) + "." + part(claims)
        return signed + "." + Base64URL.encode(sign(Array(signed.utf8)))
    }

    private static func part(_ object: JSONObject) -> String { Base64URL.encode(JSONValue.object(object).text.utf8) }
}
