import Core

/// Somebody who knew the password.
public struct VerifiedUser: Sendable {
    let id: ID
    /// How often the password had been changed: another number, and it may be another one by now.
    let changes: Int64
}
