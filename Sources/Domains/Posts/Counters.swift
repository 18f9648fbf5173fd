public import Core
public import Store

/// What is counted of an object, a post or a comment: exactly, in the transaction of the cause, in rows of `counters` that are
/// striped, so that a crowd that likes one post does not wait for each other's commits.
///
/// Who finds the first row of an object locked by somebody else counts in one of the others; so only those objects have any
/// for which they were ever needed. A number is the sum of all, read in one statement.
public enum Counters {
    /// A column of `counters`.
    public enum Kind: Sendable {
        case likes
        /// Of a post its comments.
        case replies

        var column: SQL {
            switch self {
            case .likes: "likes"
            case .replies: "replies"
            }
        }
    }

    /// Beside the first row.
    static let stripes: Int64 = 15

    /// Parts of a `WITH` that count. A statement has this once.
    ///
    /// Whoever waits in it waits for a stripe, in the order of objects, and holds what he has got until his commit: it comes as
    /// late in a transaction as it can.
    /// - Parameters:
    ///   - changes: a part before it, or a table, with columns `object_id`, each of which comes once, and `delta`.
    ///   - user: who is the cause; chooses the stripe.
    public static func counted(_ kind: Kind, by changes: SQL, of user: ID) -> SQL {
        """
        counters_free AS (
            SELECT c.object_id FROM counters c
            WHERE c.object_id IN (SELECT object_id FROM \(changes)) AND c.stripe = 0 FOR UPDATE SKIP LOCKED),
        counters_first AS (
            UPDATE counters c SET \(kind.column) = c.\(kind.column) + d.delta, changes = c.changes + 1
            FROM \(changes) d
            WHERE d.object_id IN (SELECT object_id FROM counters_free) AND c.object_id = d.object_id AND c.stripe = 0),
        counters_other AS (
            INSERT INTO counters AS c (object_id, stripe, \(kind.column), changes)
            SELECT d.object_id,
                CASE WHEN EXISTS (SELECT FROM counters k WHERE k.object_id = d.object_id AND k.stripe = 0)
                    THEN \(stripe(of: user))::smallint ELSE 0::smallint END,
                d.delta, 1
            FROM \(changes) d WHERE d.object_id NOT IN (SELECT object_id FROM counters_free) ORDER BY d.object_id
            ON CONFLICT (object_id, stripe)
            DO UPDATE SET \(kind.column) = c.\(kind.column) + excluded.\(kind.column), changes = c.changes + 1)
        """
    }

    private static func stripe(of user: ID) -> Int64 {
        1 + Int64((UInt64(user.raw) &* 0x9E37_79B9_7F4A_7C15) >> 32) % stripes
    }

    /// The column `counts` of a row that `Counts` is made from.
    /// - Parameter object: an expression of SQL.
    public static func column(of object: SQL) -> SQL {
        """
        (SELECT concat_ws(' ', sum(c.likes), sum(c.replies), sum(c.views), sum(c.changes)) FROM counters c
            WHERE c.object_id = \(object)) AS counts
        """
    }

    /// One of the numbers, an expression of SQL.
    public static func sum(_ kind: Kind, of object: SQL) -> SQL {
        "(SELECT COALESCE(sum(k.\(kind.column)), 0) FROM counters k WHERE k.object_id = \(object))"
    }

    /// Rows of objects that are gone, for a statement that takes them out.
    /// - Parameter objects: a list or a statement of ids.
    public static func removed(of objects: SQL) -> SQL { "DELETE FROM counters WHERE object_id IN (\(objects))" }
}
