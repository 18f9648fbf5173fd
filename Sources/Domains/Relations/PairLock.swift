import Core
import Store

/// Whether an account is private changes while nobody is about to follow it: who would be asked for is not let in by a look
/// at what was, and what is asked for then is not accepted by one. Followers don't wait for each other, nor for the author's
/// posts.
enum PrivacyLock {
    /// Before it is looked at; held until the transaction's end.
    static func shared(_ user: ID) -> SQL { "SELECT pg_advisory_xact_lock_shared(\(key(user)))" }

    /// Before it is changed.
    static func exclusive(_ user: ID) -> SQL { "SELECT pg_advisory_xact_lock(\(key(user)))" }

    /// Ids have 53 bits; a pair's lock that has the same key waits for nothing but time.
    private static func key(_ user: ID) -> Int64 { Int64.min | user.raw }
}

/// What changes who two users are to each other is one after the other: a follow that is made while a block is would
/// otherwise outlive it, for neither sees the other before its commit.
enum PairLock {
    /// The first statement of such a transaction; held until its end. What later statements read is committed.
    static func statement(_ one: ID, _ other: ID) -> SQL { "SELECT pg_advisory_xact_lock(\(key(one, other)))" }

    /// The same for both orders. Two pairs that have the same key wait for each other, and nothing else.
    private static func key(_ one: ID, _ other: ID) -> Int64 {
        let (low, high) = (UInt64(min(one, other).raw), UInt64(max(one, other).raw))
        return Int64(bitPattern: (low &* 0x9E37_79B9_7F4A_7C15 ^ high) &* 0xBF58_476D_1CE4_E5B9)
    }
}
