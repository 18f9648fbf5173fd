import Core
import HTTPService
public import Store

/// Who wants to be notified of each post of whom.
public enum Bells {
    /// Of one user.
    static let most: Int64 = 1_000

    /// Is the bell of a user on for the viewer? Both are expressions of SQL.
    static func exists(of user: SQL, for viewer: SQL) -> SQL {
        "EXISTS (SELECT FROM bells known WHERE known.author = \(user) AND known.user_id = \(viewer))"
    }

    /// Rows `user_id`, in that order: for whom an author's bell is on.
    /// - Parameter position: only larger ids.
    public static func users(of author: SQL, behind position: SQL, limit: Int) -> SQL {
        """
        SELECT b.user_id FROM bells b WHERE b.author = \(author) AND b.user_id > \(position)
        ORDER BY b.user_id LIMIT \(limit)
        """
    }

    /// What `users` is of, as `b`: for a join by `b.author` and `b.user_id`.
    public static let table: SQL = "bells b"

    static func removed(between one: ID, _ other: ID) -> SQL {
        """
        DELETE FROM bells
        WHERE author = \(one) AND user_id = \(other) OR author = \(other) AND user_id = \(one)
        """
    }
}

extension Graph {
    /// One that is on already keeps its place.
    /// - Throws: `Problem` where there is no such user for the caller, or the caller has blocked him.
    func setBell(_ transaction: Transaction, of author: ID, for caller: ID) async throws {
        try checkNotSelf(caller, author, "have a bell of")
        let found = try await transaction.batch([
            PairLock.statement(caller, author), "SELECT id FROM users WHERE id = \(caller) FOR NO KEY UPDATE",
            audience(of: author, for: caller), "SELECT count(*) AS bells FROM bells WHERE user_id = \(caller)",
        ])
        let audience = try existing(found[2], author)
        guard !audience.relation.blocked else {
            throw Problem(.forbidden, "the caller has blocked this user: unblock first")
        }
        guard !audience.relation.bell else { return }
        guard try found[3][0].integer("bells") < Bells.most else {
            throw Problem(.tooMany, "the caller has \(Bells.most) bells on already: turn one off")
        }
        transaction.later([
            "INSERT INTO bells (author, user_id, id) VALUES (\(author), \(caller), \(try ids.next()))"
        ])
    }

    func removeBell(_ transaction: Transaction, of author: ID, for caller: ID) async throws {
        try await transaction.query("DELETE FROM bells WHERE author = \(author) AND user_id = \(caller)")
    }
}
