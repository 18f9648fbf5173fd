/// Where a user's data lives. Users fall into 1,024 fixed buckets by a hash of their id; the Redis partitions (their
/// number is a setting, a power of two) and the slices of a fan-out are ranges of buckets. So `follows` never has to
/// be rewritten, whatever the number of partitions.
public enum Bucket {
    public static let count = 1024

    /// 0 to 1023. The finaliser of SplitMix64: neighbouring ids fall far apart.
    @inlinable
    public static func of(_ user: ID) -> Int {
        var x = UInt64(bitPattern: user.raw) &+ 0x9e37_79b9_7f4a_7c15
        x = (x ^ (x >> 30)) &* 0xbf58_476d_1ce4_e5b9
        x = (x ^ (x >> 27)) &* 0x94d0_49bb_1331_11eb
        return Int((x ^ (x >> 31)) & 1023)
    }
}

/// The Redis partition of a user, for a given number of partitions.
public struct Partitions: Sendable, Equatable {
    public let count: Int
    /// From 1 on. Another one has nothing of what this one has, also where the count is the same.
    public let layout: Int

    /// - Parameter count: a power of two, 1 to 1024.
    public init(count: Int, layout: Int = 1) {
        precondition(count > 0 && count <= Bucket.count && count & (count - 1) == 0, "partitions: a power of two")
        (self.count, self.layout) = (count, layout)
    }

    @inlinable
    public func of(_ user: ID) -> Int { Bucket.of(user) * count / Bucket.count }
}
