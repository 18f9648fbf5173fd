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

    /// The user as the user sees it, in a transaction that may have changed it.
    func view(_ id: ID, in transaction: Transaction) async throws -> UserView? {
        let viewer = Viewer(id)
        return try await transaction.query(UserRow.select(id, and: viewer.columns)).first.map { try viewer.view($0) }
    }

    /// Is what the user shows to everybody shown to the viewer? Not where there is no such user.
    public func isOpen(_ id: ID, to viewer: ID) async throws -> Bool {
        try await database.query(
            "SELECT u.id FROM users u WHERE u.id = \(id) AND \(Audience.isOpen("u.id", to: "\(viewer)"))"
        ).count > 0
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

    /// A page of a list, as far as the viewer may see it.
    /// - Parameter below: entries with smaller ids.
    func entries(_ rows: UserList.Rows, viewer: ID?, below: ID, limit: Int) async throws -> [UserEntry] {
        let viewer = Viewer(viewer)
        return try await database.query(
            """
            SELECT \(UserRow.columns), \(viewer.columns), e.id AS entry,
                (extract(epoch FROM e.until) * 1000)::bigint AS until
            FROM (\(rows.entries)) e \(Users.joined(on: "e.other")) \(UserRow.counters)
            WHERE e.id < \(below) AND \(rows.isShown) ORDER BY e.id DESC LIMIT \(limit)
            """
        ).map {
            UserEntry(user: try viewer.view($0), id: try $0.id("entry"), until: try $0.optionalInteger("until"))
        }
    }
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
        let audience = try Audience(row)
        return try UserRow.view(row, relation: isSignedIn ? audience.relation : nil, isOwn: audience.isSelf)
    }
}
