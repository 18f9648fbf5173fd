import Core
import HTTPService
import Store

/// Bells: who has one on is notified of each post.
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
