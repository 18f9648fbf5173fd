import Core
import Store

/// Who asks to follow a private account, for the statements of this domain.
enum FollowRequests {
    /// Does one ask to follow the other? Both are expressions of SQL.
    static func exists(asker: SQL, target: SQL) -> SQL {
        "EXISTS (SELECT FROM follow_requests known WHERE known.target = \(target) AND known.asker = \(asker))"
    }

    static func removed(asker: ID, target: ID) -> SQL {
        "DELETE FROM follow_requests WHERE target = \(target) AND asker = \(asker)"
    }
}
