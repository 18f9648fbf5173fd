/// By what an account is opened.
struct AccountKind: Sendable {
    /// Its handle was made, not chosen.
    let isAnonymous: Bool
    let hasPassword: Bool
    /// A provider opens it.
    let hasIdentity: Bool

    /// Where a password would be asked for, the session must be a young one.
    var confirmsBySession: Bool { hasIdentity && !hasPassword }
}
