/// What a user logs in with from now on.
struct CredentialChange: Sendable {
    /// A new password, for which the old one was given.
    struct Password: Sendable {
        let hash: String
        let old: VerifiedUser
    }

    /// Checked and lower-cased; `nil`: it stays.
    var handle: String?
    /// `nil`: it stays.
    var password: Password?
}
