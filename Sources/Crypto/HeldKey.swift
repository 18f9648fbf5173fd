import COpenSSL

/// A key of OpenSSL's, which is freed with the last who holds it.
final class HeldKey: @unchecked Sendable {
    /// Several threads may sign with it at once: nothing of it changes.
    let pointer: OpaquePointer

    init(_ pointer: OpaquePointer) { self.pointer = pointer }

    deinit { EVP_PKEY_free(pointer) }
}
