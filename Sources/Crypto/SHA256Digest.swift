import COpenSSL

/// SHA-256 of what comes piece by piece. For one thread.
public final class SHA256Digest {
    private let context: OpaquePointer

    public init() {
        guard let context = EVP_MD_CTX_new(), EVP_DigestInit_ex(context, EVP_sha256(), nil) == 1 else {
            preconditionFailure("SHA-256")
        }
        self.context = context
    }

    public func update(_ bytes: [UInt8]) {
        precondition(EVP_DigestUpdate(context, bytes, bytes.count) == 1, "SHA-256")
    }

    /// 32 bytes. Nothing comes after it.
    public func finish() -> [UInt8] {
        var digest = [UInt8](repeating: 0, count: 32)
        precondition(EVP_DigestFinal_ex(context, &digest, nil) == 1, "SHA-256")
        return digest
    }

    deinit { EVP_MD_CTX_free(context) }
}

@available(*, unavailable)
extension SHA256Digest: Sendable {}
