public import Accounts
public import Core
public import Store

/// Users as others see them: with what the caller has to do with them.
public struct Profiles: Sendable {
    private let database: Database

    public init(database: Database) {
        self.database = database
    }

    /// - Parameter viewer: the caller, for `followed`; `nil` when not signed in.
    /// - Returns: `nil` when there is no such user.
    public func view(_ id: ID, viewer: ID?) async throws -> UserView? {
        try await database.query(UserRow.select(id, and: Self.followed(by: viewer)))
            .first.map { try Self.view($0, viewer) }
    }

    /// Who follows the user, or whom the user follows; newest follow first.
    /// - Parameters:
    ///   - below: follows with smaller ids.
    ///   - limit: how many at most.
    /// - Returns: the users, each with the id of the follow, for the cursor.
    public func list(
        _ direction: FollowDirection, of user: ID, viewer: ID?, below: ID, limit: Int
    ) async throws -> [(user: UserView, follow: ID)] {
        let (one, others): (SQL, SQL) =
            switch direction {
            case .followers: ("f.followee", "f.follower")
            case .following: ("f.follower", "f.followee")
            }
        return try await database.query(
            """
            SELECT \(UserRow.columns), \(Self.followed(by: viewer)), f.id AS follow_id
            FROM follows f \(Users.joined(on: others)) \(UserRow.counters)
            WHERE \(one) = \(user) AND f.id < \(below) ORDER BY f.id DESC LIMIT \(limit)
            """
        ).map { (try Self.view($0, viewer), try $0.id("follow_id")) }
    }

    /// Of rows of `users u`.
    private static func followed(by viewer: ID?) -> SQL {
        "\(Follows.exists(follower: "\(viewer)", followee: "u.id")) AS followed"
    }

    private static func view(_ row: PgRow, _ viewer: ID?) throws(PgError) -> UserView {
        try UserRow.view(row, followed: viewer == nil ? nil : try row.bool("followed"))
    }
}

public enum FollowDirection: Sendable {
    case followers
    case following
}
