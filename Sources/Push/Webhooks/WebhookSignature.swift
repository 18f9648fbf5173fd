import Core

/// How messages to webhooks are signed (Standard Webhooks 1.0.0): what is signed, and how signatures are written.
enum WebhookSignature {
    enum Version: String, CaseIterable {
        /// HMAC-SHA256.
        case v1
        /// Ed25519.
        case v1a
    }

    /// More than these are not looked at: two secrets and a key make three.
    static let most = 16

    /// - Parameter timestamp: seconds since 1970, as the header has it.
    static func content(id: String, timestamp: String, body: [UInt8]) -> [UInt8] {
        Array("\(id).\(timestamp).".utf8) + body
    }

    static func text(_ version: Version, _ signature: [UInt8]) -> String {
        version.rawValue + "," + Base64.encode(signature)
    }

    /// Of a header those that are understood.
    static func read(_ header: String) -> [(Version, [UInt8])] {
        header.split(separator: " ").prefix(most).compactMap { text in
            let parts = text.split(separator: ",", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, let version = Version.allCases.first(where: { $0.rawValue.isExactly(parts[0]) }),
                let signature = Base64.decode(parts[1])
            else { return nil }
            return (version, signature)
        }
    }
}
