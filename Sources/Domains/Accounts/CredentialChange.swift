/// What a user logs in with from now on.
struct CredentialChange: Sendable {
    /// A new password.
    struct Password: Sendable {
        let hash: String
        /// Whoever has shown that he is the user; `nil`: the account is anonymous, and gets its first one with a name.
        let old: VerifiedUser?
    }

    /// Checked and lower-cased; `nil`: it stays.
    var handle: String?
    /// `nil`: it stays.
    var password: Password?
    /// An anonymous account becomes a named one.
    var makesNamed = false
}
