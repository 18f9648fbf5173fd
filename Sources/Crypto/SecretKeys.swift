public import Core

/// The keys for one purpose: one of each of the site's secrets.
public struct SecretKeys: Sendable, Concealed {
    /// Makes all that is new.
    public let current: [UInt8]
    private let others: [Other]
    private let clock: any WallClock

    private struct Other: Sendable {
        let key: [UInt8]
        /// Milliseconds since 1970.
        let end: Int64
    }

    /// One key, for good.
    public init(_ key: [UInt8]) { self.init(key, others: [], clock: SystemClock()) }

    /// - Parameter others: each with its end, in milliseconds since 1970.
    init(_ current: [UInt8], others: [(key: [UInt8], end: Int64)], clock: any WallClock) {
        self.current = current
        self.others = others.map { Other(key: $0.key, end: $0.end) }
        self.clock = clock
    }

    /// For what we have stored ourselves: it is opened whatever the ends of the secrets are. The current one comes first.
    public var all: [[UInt8]] { [current] + others.map(\.key) }

    /// Those that sign now, or whose end has not come. The current one comes first.
    public var accepted: [[UInt8]] {
        guard !others.isEmpty else { return [current] }
        let now = clock.milliseconds()
        return [current] + others.lazy.filter { now < $0.end }.map(\.key)
    }

    /// For what clients bring.
    /// - Returns: the first that is something with a key that is accepted now.
    public func first<T>(_ body: ([UInt8]) throws -> T?) rethrows -> T? {
        if let found = try body(current) { return found }
        for key in accepted.dropFirst() {
            if let found = try body(key) { return found }
        }
        return nil
    }
}

extension CursorSigner {
    /// Takes what any accepted key has signed.
    public init(_ keys: SecretKeys) {
        self.init(key: keys.current) { keys.accepted.dropFirst().map { CursorSigner(key: $0) } }
    }
}
