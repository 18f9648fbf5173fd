/// What a user logs in with from now on.
struct CredentialChange: Sendable {
    /// A new password.
    struct Password: Sendable {
        let hash: String
        /// Who knew the one before; `nil`: the account is anonymous, and gets its first one with a name.
        let old: VerifiedUser?
    }

    /// Checked and lower-cased; `nil`: it stays.
    var handle: String?
    /// `nil`: it stays.
    var password: Password?

    /// An anonymous account becomes a named one.
    var makesNamed: Bool { password.map { $0.old == nil } ?? false }
}
