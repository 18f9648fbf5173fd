import Core
import Store

/// Who asks to follow a private account, for the statements of this domain.
enum FollowRequests {
    /// Does one ask to follow the other? Both are expressions of SQL.
    static func exists(asker: SQL, target: SQL) -> SQL {
        "EXISTS (SELECT FROM follow_requests known WHERE known.target = \(target) AND known.asker = \(asker))"
    }

    /// How many requests of a user are open, an expression of SQL.
    static func sent(by asker: ID, upTo most: Int64) -> SQL {
        "(SELECT count(*) FROM (SELECT 1 FROM follow_requests WHERE asker = \(asker) LIMIT \(most)) sent)"
    }

    static func removed(asker: ID, target: ID) -> SQL {
        "DELETE FROM follow_requests WHERE target = \(target) AND asker = \(asker)"
    }
}
