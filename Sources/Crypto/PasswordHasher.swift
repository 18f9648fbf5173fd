import CCrypt
import Core
import Glibc
import Runtime

/// Passwords by yescrypt through libxcrypt, the way Debian keeps its own. A hash burns some milliseconds on purpose, so
/// it runs on threads of its own; when too many wait, `BlockingPool.Full` is thrown.
public final class PasswordHasher: Sendable {
    public enum Verdict: Sendable {
        case wrong, right
        /// Right, by a hash that was made at a lower cost, or in another way: it should be made anew.
        case rightButCheap
    }

    private let pool: BlockingPool
    private let cost: Int
    /// What a hash begins with, by its cost, and behind that a salt: enough to do its work.
    private static let decoys: [String] = [""] + (1...11).map { setting(cost: $0) }
    /// A hash of cost 5 is sixteen times the work of one of cost 1.
    private let work = Metrics.shared.counter(.passwordWork)

    /// - Parameter cost: yescrypt's cost factor, 1 to 11: each step doubles time and memory (5: some 40 ms, 16 MiB).
    public init(threads: Int, cost: Int) {
        precondition((1...11).contains(cost), "a cost is 1 to 11")
        pool = BlockingPool(name: "passwords", threads: threads, limit: 64, patience: 800)
        self.cost = cost
    }

    public func hash(_ password: String) async throws -> String {
        try await pool.run { [self] in
            guard let hash = crypt(password, Self.setting(cost: cost), cost: cost) else {
                preconditionFailure("libxcrypt refused a setting of its own")
            }
            return hash
        }
    }

    /// A wrong password costs what a hash of today's cost does, so that the time tells nothing: for an account that does not
    /// exist, for a hash of a lower cost, and for what is no hash. One of a higher cost takes longer.
    /// - Parameter hash: `nil` where the account does not exist.
    public func verify(_ password: String, against hash: String?) async throws -> Verdict {
        try await pool.run { [self] in
            guard let hash, let known = Self.cost(of: hash) else { return verifyForeign(password, hash) }
            if let actual = crypt(password, hash, cost: known), Crypto.equal(Array(actual.utf8), Array(hash.utf8)) {
                return known < cost ? .rightButCheap : .right
            }
            // Twice and twice again, up to today's cost.
            for missing in known..<max(known, cost) { _ = crypt(password, Self.decoys[missing], cost: missing) }
            return .wrong
        }
    }

    /// No account, or a hash that was not made here.
    private func verifyForeign(_ password: String, _ hash: String?) -> Verdict {
        if let hash, let actual = crypt(password, hash, cost: 0),
            Crypto.equal(Array(actual.utf8), Array(hash.utf8))
        {
            return .rightButCheap
        }
        _ = crypt(password, Self.decoys[cost], cost: cost)
        return .wrong
    }

    /// `nil` for what is no hash of yescrypt.
    static func cost(of hash: String) -> Int? {
        (1...11).first { hash.hasPrefix(parameters(decoys[$0])) }
    }

    /// `$y$j9T$` of `$y$j9T$salt`.
    private static func parameters(_ setting: String) -> String {
        setting.split(separator: "$").prefix(2).reduce("") { $0 + "$" + $1 } + "$"
    }

    /// With a random salt.
    private static func setting(cost: Int) -> String {
        var output = [CChar](repeating: 0, count: Int(CRYPT_GENSALT_OUTPUT_SIZE))
        let random = Crypto.randomBytes(16).map { CChar(bitPattern: $0) }
        let setting = crypt_gensalt_rn("$y$", UInt(cost), random, Int32(random.count), &output, Int32(output.count))
        precondition(setting != nil, "libxcrypt has no yescrypt")
        return output.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }
    }

    /// libxcrypt takes at most 511 bytes and stops at a NUL; a digest in between takes any password whole.
    /// - Returns: `nil` where the setting is none, as that of an account that was locked by hand.
    private func crypt(_ password: String, _ setting: String, cost: Int) -> String? {
        if cost > 0 { work.add(1 << (cost - 1)) }
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
            return nil
        }
        return String(cString: hash)
    }
}
