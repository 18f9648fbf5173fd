import Core
import Store

/// Who asks to follow a private account.
struct FollowRequests: Sendable {
    /// What is accepted at a time where an account is private no more.
    static let page = 100
    let database: Database

    /// A request of an account that is private no more.
    struct Open: Sendable {
        let asker: ID
        let target: ID
    }

    /// - Parameter target: `nil`: of all accounts, oldest request first.
    func openToAll(of target: ID?) async throws -> [Open] {
        let condition: SQL = target.map { "r.target = \($0)" } ?? "true"
        return try await database.query(
            """
            SELECT r.asker, r.target FROM follow_requests r JOIN users u ON u.id = r.target
            WHERE \(condition) AND NOT u.private ORDER BY r.id LIMIT \(Self.page)
            """
        ).map { Open(asker: try $0.id("asker"), target: try $0.id("target")) }
    }

    // MARK: For the statements of this domain

    /// Does one ask to follow the other? Both are expressions of SQL.
    static func exists(asker: SQL, target: SQL) -> SQL {
        "EXISTS (SELECT FROM follow_requests known WHERE known.target = \(target) AND known.asker = \(asker))"
    }

    static func removed(asker: ID, target: ID) -> SQL {
        "DELETE FROM follow_requests WHERE target = \(target) AND asker = \(asker)"
    }
}
