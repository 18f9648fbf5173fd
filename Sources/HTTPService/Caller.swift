public import Core

/// Who has shown a good access token.
public struct Caller: Sendable, Equatable {
    public let user: ID
    public let session: ID
    /// When the token ends, in seconds since 1970.
    public let expiresAt: Int64
    /// He has asked to be erased.
    public let isLeaving: Bool

    public init(user: ID, session: ID, expiresAt: Int64, isLeaving: Bool = false) {
        self.user = user
        self.session = session
        self.expiresAt = expiresAt
        self.isLeaving = isLeaving
    }
}
