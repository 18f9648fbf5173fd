public import Accounts
public import Core
import HTTPService
public import Store

/// Users as others see them: with what the caller has to do with them. What a viewer may see is `Audience`'s to say.
public struct Profiles: Sendable {
    private let database: Database

    public init(database: Database) {
        self.database = database
    }

    /// - Parameter viewer: the caller; `nil` when not signed in.
    /// - Returns: `nil` when there is no such user for the viewer.
    public func view(_ id: ID, viewer: ID?) async throws -> UserView? {
        let viewer = Viewer(viewer)
        return try await database.query(
            "\(UserRow.select(id, and: viewer.columns)) AND \(Audience.exists("u.id", for: viewer.sql))"
        ).first.map { try viewer.view($0) }
    }

    /// What the viewer has to do with the user.
    /// - Throws: `Problem` when there is no such user for the viewer.
    public func audience(of id: ID, viewer: ID?) async throws -> Audience {
        let rows = try await database.query(
            "SELECT \(Audience.columns(of: "u.id", for: SQL.parameter(viewer))) FROM users u WHERE u.id = \(id)")
        guard let audience = try rows.first.map({ try Audience($0) }), audience.exists else {
            throw Self.noUser(id)
        }
        return audience
    }

    static func noUser(_ id: ID) -> Problem { Problem(.notFound, "there is no user \(id)") }

    /// Users of a list, each with the id by which the list is ordered.
    public typealias Entries = [(user: UserView, id: ID)]

    /// Who follows the user, or whom the user follows; newest follow first. Empty where the viewer must not see it.
    /// - Parameters:
    ///   - below: follows with smaller ids.
    ///   - limit: how many at most.
    public func list(
        _ direction: FollowDirection, of user: ID, viewer: ID?, below: ID, limit: Int
    ) async throws -> Entries {
        let (one, others): (SQL, SQL) =
            switch direction {
            case .followers: ("f.followee", "f.follower")
            case .following: ("f.follower", "f.followee")
            }
        return try await entries(
            of: "follows f \(Users.joined(on: others)) JOIN users shown ON shown.id = \(one)",
            where: "\(one) = \(user) AND \(Audience.isOpen("shown.id", to: SQL.parameter(viewer)))", by: "f.id",
            viewer, below: below, limit: limit)
    }

    /// A page of users `u`, without those whom the viewer must not see.
    /// - Parameter order: an id that falls.
    private func entries(
        of tables: SQL, where condition: SQL, by order: SQL, _ viewer: ID?, below: ID, limit: Int
    ) async throws -> Entries {
        let viewer = Viewer(viewer)
        return try await database.query(
            """
            SELECT \(UserRow.columns), \(viewer.columns), \(order) AS place FROM \(tables) \(UserRow.counters)
            WHERE \(condition) AND \(order) < \(below) AND \(Audience.isListed("u.id", for: viewer.sql))
            ORDER BY \(order) DESC LIMIT \(limit)
            """
        ).map { (try viewer.view($0), try $0.id("place")) }
    }
}

public enum FollowDirection: Sendable {
    case followers
    case following
}

/// For whom users `u` are read.
private struct Viewer {
    private let isSignedIn: Bool
    let sql: SQL

    init(_ id: ID?) {
        isSignedIn = id != nil
        sql = .parameter(id)
    }

    var columns: SQL { Audience.columns(of: "u.id", for: sql) }

    func view(_ row: PgRow) throws(PgError) -> UserView {
        try UserRow.view(row, relation: isSignedIn ? try Audience(row).relation : nil)
    }
}
