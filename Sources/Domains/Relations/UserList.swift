import Accounts
import Core
import HTTPService
import Store

/// A list of users, newest entry first.
enum UserList: Sendable {
    /// How a list is read.
    struct Rows: Sendable {
        /// Rows `e (other, id, until)`.
        let entries: SQL
        /// A condition on users `u`.
        let isShown: SQL
    }

    case followers(of: ID)
    case following(of: ID)
    /// Those who follow the user and whom the user follows, by the time of the user's follow.
    case mutuals(of: ID)
    /// Who asks to follow the user,
    case requests(to: ID)
    /// and whom the user asks.
    case sentRequests(by: ID)
    case blocks(by: ID)
    case mutes(by: ID)

    var cursor: PageCursor.List {
        switch self {
        case .followers(let user): .init(tag: 3, subject: user)
        case .following(let user): .init(tag: 4, subject: user)
        case .mutuals(let user): .init(tag: 7, subject: user)
        case .requests(let user): .init(tag: 8, subject: user)
        case .sentRequests(let user): .init(tag: 9, subject: user)
        case .blocks(let user): .init(tag: 10, subject: user)
        case .mutes(let user): .init(tag: 11, subject: user)
        }
    }

    func rows(for viewer: ID?) -> Rows { Rows(entries: entries, isShown: isShown(to: .parameter(viewer))) }

    /// Rows `e (other, id)`, and `until` where there is an end: the other user, and what the list is ordered by. Of one user's
    /// list all of it, as nobody's business.
    private var entries: SQL {
        switch self {
        case .followers(let user):
            "SELECT follower AS other, id, NULL::timestamptz AS until FROM follows WHERE followee = \(user)"
        case .following(let user):
            "SELECT followee AS other, id, NULL::timestamptz AS until FROM follows WHERE follower = \(user)"
        case .mutuals(let user): mutuals(of: SQL.parameter(user))
        case .requests(let user):
            "SELECT asker AS other, id, NULL::timestamptz AS until FROM follow_requests WHERE target = \(user)"
        case .sentRequests(let user):
            "SELECT target AS other, id, NULL::timestamptz AS until FROM follow_requests WHERE asker = \(user)"
        case .blocks(let user): Restrictions.list(of: user, "block")
        case .mutes(let user): Restrictions.list(of: user, "mute")
        }
    }

    private func mutuals(of user: SQL) -> SQL {
        """
        SELECT followee AS other, id, NULL::timestamptz AS until FROM follows f
        WHERE follower = \(user) AND \(Follows.exists(follower: "f.followee", followee: user))
        """
    }

    /// May a user `u` of the list be shown, and is the list shown at all? Of one's own blocks and mutes those are shown who
    /// exist; of all others who may be in a list.
    private func isShown(to viewer: SQL) -> SQL {
        switch self {
        case .followers(let user), .following(let user), .mutuals(let user):
            """
            \(Audience.isListed("u.id", for: viewer)) AND EXISTS (
                SELECT FROM users shown WHERE shown.id = \(user) AND \(Audience.isOpen("shown.id", to: viewer)))
            """
        case .requests, .sentRequests: Audience.isListed("u.id", for: viewer)
        case .blocks, .mutes: Audience.exists("u.id", for: viewer)
        }
    }
}
