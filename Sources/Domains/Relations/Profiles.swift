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
        try await database.query(
            """
            SELECT u.id, u.handle, u.display_name, COALESCE(c.followers, 0), COALESCE(c.following, 0), u.posts,
                EXISTS (SELECT 1 FROM follows WHERE followee = u.id AND bucket = $3 AND follower = $2)
            FROM users u LEFT JOIN follow_counts c ON c.user_id = u.id WHERE u.id = $1
            """, [.integer(id.raw), viewerValue(viewer), .integer(Int64(viewer.map(Bucket.of) ?? 0))]
        ).first.map { try UserRow.view($0, followed: viewer == nil ? nil : try $0.bool(6)) }
    }

    private func viewerValue(_ viewer: ID?) -> PgValue {
        viewer.map { .integer($0.raw) } ?? .null
    }

    /// Who follows the user, or whom the user follows; newest follow first.
    /// - Parameters:
    ///   - below: follows with smaller ids.
    ///   - limit: how many at most.
    /// - Returns: the users, each with the id of the follow, for the cursor.
    public func list(
        _ direction: FollowDirection, of user: ID, viewer: ID?, below: ID, limit: Int
    ) async throws -> [(user: UserView, follow: ID)] {
        let parameters: [PgValue] = [
            .integer(user.raw), .integer(below.raw), .integer(Int64(limit)), viewerValue(viewer),
        ]
        let rows =
            switch direction {
            case .followers: try await database.query(Self.followersSQL, parameters)
            case .following: try await database.query(Self.followingSQL, parameters)
            }
        return try rows.map { row in
            (try UserRow.view(row, followed: viewer == nil ? nil : try row.bool(6)), ID(raw: try row.integer(7)))
        }
    }

    private static let followersSQL: StaticString = """
        SELECT u.id, u.handle, u.display_name, COALESCE(c.followers, 0), COALESCE(c.following, 0), u.posts,
            EXISTS (SELECT 1 FROM follows v WHERE v.follower = $4 AND v.followee = u.id), f.id
        FROM follows f JOIN users u ON u.id = f.follower LEFT JOIN follow_counts c ON c.user_id = u.id
        WHERE f.followee = $1 AND f.id < $2 ORDER BY f.id DESC LIMIT $3
        """

    private static let followingSQL: StaticString = """
        SELECT u.id, u.handle, u.display_name, COALESCE(c.followers, 0), COALESCE(c.following, 0), u.posts,
            EXISTS (SELECT 1 FROM follows v WHERE v.follower = $4 AND v.followee = u.id), f.id
        FROM follows f JOIN users u ON u.id = f.followee LEFT JOIN follow_counts c ON c.user_id = u.id
        WHERE f.follower = $1 AND f.id < $2 ORDER BY f.id DESC LIMIT $3
        """
}

public enum FollowDirection: Sendable {
    case followers
    case following
}
