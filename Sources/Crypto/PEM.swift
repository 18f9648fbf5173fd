import COpenSSL
import Core

/// Private keys as files have them (RFC 7468).
enum PEM {
    /// Bytes of a file.
    static let longest = 16_384
    /// PKCS#8, and what older tools write.
    private static let labels = ["PRIVATE KEY", "EC PRIVATE KEY", "RSA PRIVATE KEY"]

    /// The first private key of a text. It is the caller's to free.
    /// - Returns: `nil` where there is none, and for one that is encrypted.
    static func privateKey(_ text: String) -> OpaquePointer? {
        guard text.utf8.count <= longest, let bytes = labels.lazy.compactMap({ content(of: $0, in: text) }).first else {
            return nil
        }
        defer { ERR_clear_error() }
        return bytes.withUnsafeBufferPointer { buffer in
            var place = buffer.baseAddress
            return d2i_AutoPrivateKey(nil, &place, buffer.count)
        }
    }

    private static func content(of label: String, in text: String) -> [UInt8]? {
        guard let start = text.firstRange(of: "-----BEGIN \(label)-----"),
            let end = text[start.upperBound...].firstRange(of: "-----END \(label)-----")
        else { return nil }
        return Base64.decode(text[start.upperBound..<end.lowerBound].utf8.filter { !" \t\r\n".utf8.contains($0) })
    }
}
