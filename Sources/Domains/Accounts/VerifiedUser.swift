import Core

/// Somebody who knew the password, or the recovery code.
public struct VerifiedUser: Sendable {
    let id: ID
    /// How often password and code had been changed: another number, and either may be another one by now.
    let changes: Int64
}
