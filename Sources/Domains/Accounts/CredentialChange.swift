/// What a user logs in with from now on.
struct CredentialChange: Sendable {
    /// Checked and lower-cased; `nil`: it stays.
    var handle: String?
    /// `nil`: it stays.
    var passwordHash: String?
}
