public import Core

/// The secret that all keys of the site are made from, and others that are accepted beside it while it is rotated: previous ones and
/// one to come.
public struct SiteSecrets: Sendable, Concealed {
    /// A secret that signs nothing here.
    public struct Accepted: Sendable, Concealed {
        public let secret: [UInt8]
        /// Until when what clients bring may be of it, in milliseconds since 1970. What is stored is opened with it for as long as it
        /// is given.
        public let end: Int64

        public init(_ secret: [UInt8], end: Int64) { (self.secret, self.end) = (secret, end) }
    }

    /// How many may be accepted beside the one that signs.
    public static let mostAccepted = 4

    private let signing: [UInt8]
    private let others: [Accepted]
    private let clock: any WallClock

    /// - Parameter accepted: one that signs as well is left out, so that all processes may be given the same list.
    public init(_ signing: [UInt8], accepted: [Accepted] = [], clock: any WallClock = SystemClock()) {
        (self.signing, self.clock) = (signing, clock)
        others = accepted.filter { $0.secret != signing }
    }

    /// The keys for one purpose.
    public func keys(_ purpose: String) -> SecretKeys {
        SecretKeys(
            Crypto.derivedKey(purpose, from: signing),
            others: others.map { (Crypto.derivedKey(purpose, from: $0.secret), $0.end) }, clock: clock)
    }

    /// Whether there are others than the one that signs, whatever their ends.
    public var isRotating: Bool { !others.isEmpty }

    // MARK: Which they are

    /// Names the secret that signs, and tells nothing of it: 16 bytes.
    public var mark: [UInt8] { Self.mark(of: signing) }

    /// Of all, the one that signs first.
    public var marks: [[UInt8]] { [mark] + others.map { Self.mark(of: $0.secret) } }

    /// Of those from which clients may bring something now.
    public var acceptedMarks: [[UInt8]] {
        let now = clock.milliseconds()
        return [mark] + others.filter { now < $0.end }.map { Self.mark(of: $0.secret) }
    }

    private static func mark(of secret: [UInt8]) -> [UInt8] {
        Crypto.hkdf(secret, salt: Array("martlet".utf8), info: Array("which secret it is".utf8), length: 16)
    }
}
