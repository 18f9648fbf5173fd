public import Crypto

/// Messages that only a browser can read, and no push service (RFC 8291).
public enum WebPushEncryption {
    /// Bytes of a message: with them a body has 4,096, which is what every push service takes (RFC 8030, 7.2).
    public static let longest =
        longestBody - EncryptedContent.headLength - P256PublicKey.length - EncryptedContent.overhead
    public static let longestBody = 4096

    /// One record, by a new key and a new salt.
    /// - Parameter message: at most `longest` bytes.
    public static func encrypt(_ message: [UInt8], for subscription: WebPushSubscription) -> [UInt8] {
        let (sender, secret) = P256Key.agreement(with: subscription.key)
        return encrypt(
            message, for: subscription, sender: sender, secret: secret,
            salt: Crypto.randomBytes(EncryptedContent.saltLength))
    }

    /// - Parameters:
    ///   - sender: the public half of a key that is for this message alone.
    ///   - secret: what was agreed on with it.
    static func encrypt(
        _ message: [UInt8], for subscription: WebPushSubscription, sender: P256PublicKey, secret: [UInt8], salt: [UInt8]
    ) -> [UInt8] {
        precondition(message.count <= longest, "a message has at most \(longest) bytes")
        let key = self.key(secret, auth: subscription.auth, receiver: subscription.key, sender: sender)
        return EncryptedContent.encrypt(
            message, key: key, salt: salt, recordSize: longestBody, keyID: sender.bytes)
    }

    /// What a browser does.
    /// - Parameters:
    ///   - key: of the subscription, which only the browser has.
    ///   - auth: the subscription's 16 bytes.
    /// - Returns: `nil` for what is not for this subscription, was altered, or has more than one record.
    public static func decrypt(_ body: [UInt8], by key: P256Key, auth: [UInt8]) -> [UInt8]? {
        EncryptedContent.decrypt(body, longest: longestBody) { head in
            let records = body.count - EncryptedContent.headLength - head.keyID.count
            guard records <= head.recordSize, let sender = P256PublicKey(head.keyID) else { return nil }
            return self.key(key.sharedSecret(with: sender), auth: auth, receiver: key.publicKey, sender: sender)
        }
    }

    private static func key(
        _ secret: [UInt8], auth: [UInt8], receiver: P256PublicKey, sender: P256PublicKey
    ) -> [UInt8] {
        Crypto.hkdf(
            secret, salt: auth, info: Array("WebPush: info\0".utf8) + receiver.bytes + sender.bytes, length: 32)
    }
}
