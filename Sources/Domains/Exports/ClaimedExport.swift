import Core

/// An export that a worker has in hand.
struct ClaimedExport: Sendable {
    let id: ID
    let user: ID
    /// Milliseconds since 1970.
    let requestedAt: Int64
}

/// It is another worker's by now, or nobody's: the account is erased.
struct LostExport: Error {}
