public import Core
public import Store

/// Whether somebody is here: who is suspended, or is about to be erased, does not exist for others, and nor does what he has
/// written. He himself sees it still. `Audience` makes the rule of it.
public enum Standing: Sendable, Equatable {
    case here
    case suspended(Suspension)
    /// Has asked to be erased.
    case erasing

    public var isHere: Bool { self == .here }

    /// The user, an expression of SQL, is not here. The first condition is that of an index, which has nobody else.
    public static func isAway(_ user: SQL) -> SQL {
        """
        EXISTS (
            SELECT FROM users known WHERE known.id = \(user)
                AND (known.suspended_until IS NOT NULL OR known.erase_at IS NOT NULL)
                AND (known.suspended_until > now() OR known.erase_at IS NOT NULL))
        """
    }

    /// Rows `id`: who of these is not here.
    public static func away(among users: [ID]) -> SQL {
        "SELECT asked.id FROM unnest(\(users)::bigint[]) asked (id) WHERE \(isAway("asked.id"))"
    }

    /// Rows `id`: who is being erased, or was within the hour. What lists of users that were read before are written for leaves
    /// these out, or something would come into a store that was emptied.
    public static let leaving: SQL = """
        SELECT id FROM users WHERE erase_at IS NOT NULL AND erase_at <= now() UNION ALL SELECT id FROM erased_users
        """

    /// What a value is made from, of `users u`.
    public static let columns: SQL = """
        u.suspended_until > now() AS is_suspended, \(Suspension.milliseconds("u.suspended_until")) AS suspended_until,
        u.erase_at IS NOT NULL AS is_erasing
        """

    public init(_ row: PgRow) throws(PgError) {
        if try row.bool("is_erasing") {
            self = .erasing
        } else {
            self = try Suspension.now(row).map { .suspended($0) } ?? .here
        }
    }
}

/// For how long somebody is suspended.
public struct Suspension: Sendable, Equatable {
    public static let endless = Suspension(end: .max)
    /// Milliseconds since 1970; `Int64.max`: it does not end by itself.
    public let end: Int64

    public init(end: Int64) {
        self.end = end
    }

    /// Of `Standing.columns`, also of who is about to be erased; `nil`: there is none now.
    public static func now(_ row: PgRow) throws(PgError) -> Suspension? {
        guard let end = try row.optionalInteger("suspended_until"), try row.optionalBool("is_suspended") == true else {
            return nil
        }
        return Suspension(end: end)
    }

    /// As it is stored.
    var sql: SQL {
        end == .max ? "'infinity'::timestamptz" : "to_timestamp(\(end)::bigint / 1000.0)"
    }

    /// A column as it is read.
    static func milliseconds(_ column: SQL) -> SQL {
        """
        CASE WHEN isfinite(\(column)) THEN (extract(epoch FROM \(column)) * 1000)::bigint
            WHEN \(column) IS NOT NULL THEN \(Int64.max)::bigint END
        """
    }
}
