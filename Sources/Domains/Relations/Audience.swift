public import Accounts
public import Core
public import Store

/// What a viewer has to do with a user, and so what he may see of him: **the one rule of who sees whom**, as conditions of
/// SQL and as a value of a row that was read, which say the same. A new rule about users is made here, in both;
/// `PostVisibility` has the rule about posts, which leans on this one.
///
/// - Who has blocked the viewer does not exist for him. Whom he has blocked he sees, but nothing that comes from him.
/// - A private account shows itself to everybody, and its posts and whom it knows to its followers only.
/// - A mute keeps out of feeds, and hides nothing else.
/// - Who is not here (`Standing`) does not exist for anybody else.
public struct Audience: Sendable, Equatable {
    public let isSelf: Bool
    /// Neither suspended nor about to be erased.
    public let isHere: Bool
    public let isPrivate: Bool
    public let relation: UserRelation
    /// The user has blocked the viewer.
    public let isBlocked: Bool

    public init(isSelf: Bool, isHere: Bool = true, isPrivate: Bool, relation: UserRelation, isBlocked: Bool) {
        self.isSelf = isSelf
        self.isHere = isHere
        self.isPrivate = isPrivate
        self.relation = relation
        self.isBlocked = isBlocked
    }

    // MARK: In SQL. Users are expressions; a viewer that is NULL is not signed in.

    /// Does the user exist for the viewer?
    public static func exists(_ user: SQL, for viewer: SQL) -> SQL {
        "\(isHere(user, for: viewer)) AND NOT \(Restrictions.isBlocked(viewer, by: user))"
    }

    /// May the user be in a list that the viewer reads?
    public static func isListed(_ user: SQL, for viewer: SQL) -> SQL {
        "\(isHere(user, for: viewer)) AND \(isNotBlocked(user, viewer))"
    }

    /// Is the user here, or the viewer himself?
    public static func isHere(_ user: SQL, for viewer: SQL) -> SQL {
        "(\(user) IS NOT DISTINCT FROM \(viewer) OR NOT \(Standing.isAway(user)))"
    }

    /// Is what the user shows to followers shown to the viewer, or, where it is public, to everybody?
    /// - Parameters:
    ///   - isPublic: counts while the account is not private.
    ///   - evenAway: true for what is kept until a user is here again: then that is not asked.
    public static func isOpen(
        _ user: SQL, to viewer: SQL, where isPublic: SQL = "true", evenAway: Bool = false
    ) -> SQL {
        """
        (\(user) IS NOT DISTINCT FROM \(viewer)
            OR \(evenAway ? isNotBlocked(user, viewer) : isListed(user, for: viewer))
            AND (\(Follows.exists(follower: viewer, followee: user)) OR \(isPublic) AND NOT \(Users.isPrivate(user))))
        """
    }

    /// Either way.
    private static func isNotBlocked(_ user: SQL, _ viewer: SQL) -> SQL {
        "NOT \(Restrictions.isBlocked(viewer, by: user)) AND NOT \(Restrictions.blocks(viewer, user))"
    }

    /// Rows `id`: who is in no list that the viewer reads, as far as that is between the two; `limit` of them at most.
    public static func blocked(with viewer: ID, limit: Int) -> SQL { Restrictions.blocked(with: viewer, limit: limit) }

    /// Is the user kept out of the viewer's feed?
    public static func isMuted(_ user: SQL, by viewer: SQL) -> SQL { Restrictions.mutes(viewer, user) }

    /// May a viewer be notified of what a user does, as far as that is between the two?
    public static func mayNotify(of user: SQL, _ viewer: SQL) -> SQL {
        "\(isListed(user, for: viewer)) AND NOT \(isMutedForNotifications(user, by: viewer))"
    }

    /// Is the user kept out of the viewer's notifications?
    public static func isMutedForNotifications(_ user: SQL, by viewer: SQL) -> SQL {
        Restrictions.mutesNotifications(viewer, user)
    }

    /// Rows `owner, other`: who keeps one of these out of the feed.
    public static func muters(of users: [ID]) -> SQL { Restrictions.muters(of: users) }

    /// Rows `author, other`: between which of these and whom there is a block, either way; where the account is private, also
    /// one with NULL.
    public static func closed(of users: [ID]) -> SQL {
        """
        \(Restrictions.blocks(of: users))
        UNION ALL SELECT u, NULL FROM unnest(\(users)::bigint[]) u WHERE \(Users.isPrivate("u"))
        """
    }

    // MARK: As a value

    public var exists: Bool { (isSelf || isHere) && !isBlocked }
    public var isListed: Bool { exists && !relation.blocked }
    public func isOpen(where isPublic: Bool = true) -> Bool {
        isSelf || isListed && (relation.followed || isPublic && !isPrivate)
    }
    public var isMuted: Bool { relation.muted }

    /// What a value is made from.
    /// - Parameter user: an id.
    public static func columns(of user: SQL, for viewer: SQL) -> SQL {
        """
        \(user) IS NOT DISTINCT FROM \(viewer) AS is_self, \(Users.isPrivate(user)) AS is_private,
        NOT \(Standing.isAway(user)) AS is_here,
        \(Follows.exists(follower: viewer, followee: user)) AS followed,
        \(FollowRequests.exists(asker: viewer, target: user)) AS requested,
        \(Follows.isFollower(user, of: viewer)) AS follows_you,
        \(Restrictions.blocks(viewer, user)) AS blocked, \(Restrictions.mutes(viewer, user)) AS muted,
        \(Bells.exists(of: user, for: viewer)) AS bell,
        \(Restrictions.isBlocked(viewer, by: user)) AS is_blocked
        """
    }

    public init(_ row: PgRow) throws(PgError) {
        self.init(
            isSelf: try row.bool("is_self"), isHere: try row.bool("is_here"), isPrivate: try row.bool("is_private"),
            relation: UserRelation(
                followed: try row.bool("followed"), requested: try row.bool("requested"),
                followsYou: try row.bool("follows_you"), blocked: try row.bool("blocked"),
                muted: try row.bool("muted"), bell: try row.bool("bell")),
            isBlocked: try row.bool("is_blocked"))
    }
}
