public import Core
import Relations
public import Store
import TimeZones

/// How preferences are stored, and what others ask of them in SQL. Who has no row has the defaults.
public enum PreferenceRow {
    /// Does a user keep notifications of a type, or from an actor, out of the inbox? Looked up for each user (OFFSET 0).
    /// - Parameters:
    ///   - user: an expression of SQL.
    ///   - actor: the same; NULL: nobody did it.
    public static func keepsOut(_ type: String, of user: SQL, from actor: SQL) -> SQL {
        """
        EXISTS (
            SELECT FROM preferences wish WHERE wish.user_id = \(user) AND (
                \(type)::text = ANY (wish.without_inbox)
                OR wish.only_from <> 'all' AND \(actor) IS NOT NULL AND NOT (
                    \(Follows.isFollower(user, of: actor))
                    AND (wish.only_from = 'followed' OR \(Follows.isFollower(actor, of: user)))))
            OFFSET 0)
        """
    }

    /// Rows `id` and what `preferences` reads, of those users who are there.
    public static func rows(of users: [ID]) -> SQL { "\(select) WHERE u.id = ANY (\(users)::bigint[])" }

    /// The same of one user, an expression of SQL.
    static func row(of user: SQL) -> SQL { "\(select) WHERE u.id = \(user)" }

    private static let select: SQL = """
        SELECT u.id, u.time_zone, p.user_id IS NOT NULL AS is_kept,
            array_to_string(p.without_inbox, ' ') AS without_inbox, array_to_string(p.without_push, ' ') AS without_push,
            p.quiet_from, p.quiet_to, p.quiet_zone, p.quiet_urgent, p.digest, p.only_from, p.previews
        FROM users u LEFT JOIN preferences p ON p.user_id = u.id
        """

    public static func preferences(_ row: PgRow) throws(PgError) -> Preferences {
        var found = Preferences()
        found.profileZone = try row.optionalText("time_zone").flatMap { TimeZone($0) }
        guard try row.bool("is_kept") else { return found }
        found.withoutInbox = words(try row.text("without_inbox"))
        found.withoutPush = words(try row.text("without_push"))
        // A zone that this version's ICU does not know any more: its hours are not known either.
        if let zone = try row.optionalText("quiet_zone").flatMap({ TimeZone($0) }) {
            found.quiet = QuietHours(
                from: try row.int("quiet_from"), to: try row.int("quiet_to"), in: zone,
                letsUrgentPass: try row.bool("quiet_urgent"))
        }
        found.digest = Preferences.Digest(rawValue: try row.text("digest")) ?? .off
        found.onlyFrom = Preferences.Actors(rawValue: try row.text("only_from")) ?? .all
        found.previews = try row.bool("previews")
        return found
    }

    private static func words(_ text: String) -> Set<String> { Set(text.split(separator: " ").map(String.init)) }

    /// Takes the user's row, made where there is none, until the transaction ends.
    static func lock(_ user: ID) -> SQL {
        """
        INSERT INTO preferences (user_id) VALUES (\(user)) ON CONFLICT (user_id) DO UPDATE SET user_id = excluded.user_id
        """
    }

    /// What it says of types that this version does not know stays.
    /// - Parameter known: types.
    static func store(_ wish: Preferences, of user: ID, known: [String]) -> SQL {
        """
        UPDATE preferences SET without_inbox = \(kept("without_inbox", wish.withoutInbox, known)),
            without_push = \(kept("without_push", wish.withoutPush, known)),
            quiet_from = \(wish.quiet.map { Int64($0.from) })::smallint, quiet_to = \(wish.quiet.map { Int64($0.to) })::smallint,
            quiet_zone = \(wish.quiet?.zone.name)::text, quiet_urgent = \(wish.quiet?.letsUrgentPass ?? false),
            digest = \(wish.digest.rawValue), only_from = \(wish.onlyFrom.rawValue), previews = \(wish.previews)
        WHERE user_id = \(user)
        """
    }

    private static func kept(_ column: StaticString, _ types: Set<String>, _ known: [String]) -> SQL {
        """
        ARRAY(SELECT kept FROM unnest(\(SQL(column))) kept WHERE kept <> ALL (\(known)::text[])
            UNION ALL SELECT unnest(\(types.sorted())::text[]))
        """
    }
}
