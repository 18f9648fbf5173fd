import COpenSSL
import Synchronization

/// A key of OpenSSL's, which is freed with the last who holds it. One thread at a time signs with it.
final class HeldKey: Sendable {
    private let key: Mutex<OpaquePointer>

    /// - Parameter key: nobody else's from now on.
    init(_ key: sending OpaquePointer) { self.key = Mutex(key) }

    func use<T: Sendable>(_ body: (OpaquePointer) -> T) -> T { key.withLock { body($0) } }

    deinit { key.withLock { EVP_PKEY_free($0) } }
}
