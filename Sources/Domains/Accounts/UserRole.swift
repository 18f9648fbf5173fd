public import HTTPService
public import Store

/// What a user may do to others. Read from the database whenever it is asked for, never from a token.
public enum UserRole: String, Sendable, CaseIterable, Comparable {
    case user
    /// Suspends users.
    case moderator
    /// Gives and takes roles, too.
    case admin

    public static func < (one: UserRole, other: UserRole) -> Bool { one.rank < other.rank }

    private var rank: Int { Self.allCases.firstIndex(of: self)! }

    /// Of a row of `users`. A version to come may know others: for this one they are none.
    public init(_ row: PgRow) throws(PgError) {
        self = UserRole(rawValue: try row.text("role")) ?? .user
    }

    public static let schema = Schema.word(of: allCases.map(\.rawValue))
}
