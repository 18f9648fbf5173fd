import CCrypt
import Core
import Glibc
import Runtime

/// Passwords by yescrypt through libxcrypt, the way Debian keeps its own. A hash burns some milliseconds on purpose, so
/// it runs on threads of its own; when too many wait, `BlockingPool.Full` is thrown.
public final class PasswordHasher: Sendable {
    private let pool: BlockingPool
    private let cost: UInt
    private let decoy: String

    /// - Parameter cost: yescrypt's cost factor, 1 to 11: each step doubles time and memory (5: some 40 ms, 16 MiB).
    public init(threads: Int, cost: Int) {
        pool = BlockingPool(name: "passwords", threads: threads, limit: 64, patience: 800)
        self.cost = UInt(cost)
        decoy = Self.hash("no such account", cost: UInt(cost))
    }

    public func hash(_ password: String) async throws -> String {
        let cost = cost
        return try await pool.run { Self.hash(password, cost: cost) }
    }

    /// - Parameter hash: `nil` where the account does not exist: the same work is done, so that the time tells nothing.
    public func verify(_ password: String, against hash: String?) async throws -> Bool {
        let expected = hash ?? decoy
        return try await pool.run {
            let actual = Self.crypt(password, setting: expected)
            return Crypto.equal(Array(actual.utf8), Array(expected.utf8)) && hash != nil
        }
    }

    private static func hash(_ password: String, cost: UInt) -> String {
        var output = [CChar](repeating: 0, count: Int(CRYPT_GENSALT_OUTPUT_SIZE))
        let random = Crypto.randomBytes(16).map { CChar(bitPattern: $0) }
        let setting = crypt_gensalt_rn("$y$", cost, random, Int32(random.count), &output, Int32(output.count))
        precondition(setting != nil, "libxcrypt has no yescrypt")
        return crypt(password, setting: output.withUnsafeBufferPointer { String(cString: $0.baseAddress!) })
    }

    /// libxcrypt takes at most 511 bytes and stops at a NUL; a digest in between takes any password whole.
    private static func crypt(_ password: String, setting: String) -> String {
        let digest = Base64URL.encode(Crypto.sha256(Array(password.utf8)))
        var data: UnsafeMutableRawPointer?
        var size: Int32 = 0
        defer {
            if let data {
                explicit_bzero(data, Int(size))
                free(data)
            }
        }
        guard let hash = crypt_ra(digest, setting, &data, &size), hash.pointee != CChar(UInt8(ascii: "*")) else {
            preconditionFailure("libxcrypt refused a hash")
        }
        return String(cString: hash)
    }
}
