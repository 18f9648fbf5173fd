public import Accounts
public import HTTPService

/// What is done to a user, and whether one may do it. A value without I/O.
public struct AdminChange: Sendable {
    /// `nil`: it stays.
    public var role: UserRole?
    public var suspension: Merge<Suspension>

    public init(role: UserRole? = nil, suspension: Merge<Suspension> = .keep) {
        self.role = role
        self.suspension = suspension
    }

    /// Nobody changes one of an equal or higher role, and nobody gives a role above his own. Moderators suspend; roles are
    /// for admins.
    /// - Parameter actor: `nil`: the operator, who may all.
    func check(by actor: UserRole?, on target: UserRole) throws(Problem) {
        guard let actor else { return }
        guard actor > target else {
            throw Problem(.forbidden, "nobody changes a user of an equal or higher role")
        }
        guard role == nil || actor == .admin else {
            throw Problem(.forbidden, "only an admin changes roles", field: "role")
        }
    }
}
