import Accounts
public import Core
import HTTPService
import Outbox
public import Store

/// Who follows whom. A change, its counters and its event are one transaction; what is returned is to be told to
/// `AudienceObserver` after its commit.
public struct Graph: Sendable {
    public enum FollowOutcome: Sendable, Equatable {
        case followed
        /// Since before.
        case known
        /// The account is private: it is asked.
        case requested
    }

    /// Somebody follows somebody.
    struct Follow: Sendable, Equatable {
        let follower: ID
        let followee: ID
    }

    /// Of one asker, open.
    static let mostRequests: Int64 = 1_000

    /// Statements that end what domains above hold between two users, for the end of a transaction.
    public typealias Ending = @Sendable (_ owner: ID, _ other: ID) -> [SQL]

    let ids: IDGenerator
    private let clock: any WallClock
    let endings: [Ending]

    /// - Parameter endings: what a block ends, beside follows.
    public init(ids: IDGenerator, clock: any WallClock, endings: [Ending] = []) {
        self.ids = ids
        self.clock = clock
        self.endings = endings
    }

    public func follow(
        _ transaction: Transaction, follower: ID, followee: ID, _ context: TraceContext
    ) async throws -> FollowOutcome {
        try checkNotSelf(follower, followee, "follow")
        let found = try await transaction.batch([
            PairLock.statement(follower, followee), PrivacyLock.shared(followee),
            audience(of: followee, for: follower),
        ])
        let audience = try existing(found[2], followee)
        guard !audience.relation.blocked else {
            throw Problem(.forbidden, "the caller has blocked this user: unblock first")
        }
        if audience.relation.followed { return .known }
        if audience.isPrivate {
            if !audience.relation.requested { try await ask(transaction, follower, followee, context) }
            return .requested
        }
        try begin(transaction, Follow(follower: follower, followee: followee), context)
        return .followed
    }

    private func ask(_ transaction: Transaction, _ asker: ID, _ target: ID, _ context: TraceContext) async throws {
        let asked = try await transaction.query(
            """
            INSERT INTO follow_requests (target, asker, id)
            SELECT \(target)::bigint, \(asker)::bigint, \(try ids.next())::bigint
            WHERE \(FollowRequests.sent(by: asker, upTo: Self.mostRequests)) < \(Self.mostRequests)
            """)
        guard asked.affected == 1 else {
            throw Problem(.tooMany, "the caller asks \(Self.mostRequests) users already: take a request back")
        }
        transaction.later(told(.followRequested, Follow(follower: asker, followee: target), context))
    }

    /// Of a request that is there now, or no more.
    func told(_ event: RelationEvent, _ request: Follow, _ context: TraceContext) -> [SQL] {
        let (asker, target) = (request.follower, request.followee)
        return [
            FollowCounts.locked(asker),
            statement(event, (.follower, asker), (.followee, target), context),
        ]
    }

    /// Ends a follow, or takes a request back.
    /// - Returns: true when a follow was removed.
    public func unfollow(
        _ transaction: Transaction, follower: ID, followee: ID, _ context: TraceContext
    ) async throws -> Bool {
        try checkNotSelf(follower, followee, "follow")
        let follow = Follow(follower: follower, followee: followee)
        let results = try await transaction.batch([
            PairLock.statement(follower, followee), audience(of: followee, for: follower),
            FollowRequests.removed(asker: follower, target: followee),
        ])
        _ = try existing(results[1], followee)
        if results[2].affected == 1 { transaction.later(told(.followUnrequested, follow, context)) }
        return try await end(transaction, follow, context)
    }

    /// Makes somebody a follower of the caller no more.
    /// - Returns: true when a follow was removed.
    public func removeFollower(
        _ transaction: Transaction, _ follower: ID, of followee: ID, _ context: TraceContext
    ) async throws -> Bool {
        try await transaction.query(PairLock.statement(follower, followee))
        return try await end(transaction, Follow(follower: follower, followee: followee), context)
    }

    // MARK: Steps. The pair is locked.

    func checkNotSelf(_ caller: ID, _ other: ID, _ verb: String) throws {
        guard caller != other else {
            throw Problem(.invalidField, "nobody can \(verb) himself", field: "id")
        }
    }

    func audience(of user: ID, for viewer: ID) -> SQL {
        "SELECT \(Audience.columns(of: "u.id", for: SQL.parameter(viewer))) FROM users u WHERE u.id = \(user)"
    }

    /// - Throws: `Problem` where there is no such user for the viewer.
    func existing(_ rows: PgRows, _ user: ID) throws -> Audience {
        guard let audience = try rows.first.map({ try Audience($0) }), audience.exists else {
            throw Profiles.noUser(user)
        }
        return audience
    }

    /// A follow that is not there. A request for it ends.
    func begin(
        _ transaction: Transaction, _ follow: Follow, wasAsked: Bool = false, _ context: TraceContext
    ) throws {
        transaction.later(
            [
                """
                INSERT INTO follows (followee, bucket, follower, id)
                VALUES (
                    \(follow.followee), \(Bucket.of(follow.follower)), \(follow.follower), \(try ids.next()))
                """,
                FollowRequests.removed(asker: follow.follower, target: follow.followee),
            ] + record(.followAccepted, follow, delta: 1, wasAsked: wasAsked, context))
    }

    /// - Returns: true when there was one.
    func end(_ transaction: Transaction, _ follow: Follow, _ context: TraceContext) async throws -> Bool {
        let ended = try await transaction.query(
            "DELETE FROM follows WHERE \(Follows.isOne(follower: follow.follower, followee: follow.followee))")
        guard ended.affected == 1 else { return false }
        transaction.later(record(.followRemoved, follow, delta: -1, context))
        return true
    }

    /// The counters have rows of their own: of `users` a follow takes KEY SHARE only, by its foreign keys, and neither waits
    /// for the author's posts nor holds them up; nor do those wait for each other who follow one author. The follower's row
    /// is locked before the event is written (`Outbox.statement`).
    private func record(
        _ event: RelationEvent, _ follow: Follow, delta: Int64, wasAsked: Bool = false, _ context: TraceContext
    ) -> [SQL] {
        let (follower, followee) = (follow.follower, follow.followee)
        return FollowCounts.changes(follower: follower, followee: followee, by: delta) + [
            statement(event, (.follower, follower), (.followee, followee), wasAsked: wasAsked, context)
        ]
    }

    /// The row of the first one's counters is locked (`Outbox.statement`).
    func statement(
        _ event: RelationEvent, _ one: (field: EventField<ID>, user: ID), _ other: (field: EventField<ID>, user: ID),
        wasAsked: Bool = false, _ context: TraceContext
    ) -> SQL {
        let value = FlatJSON.encode([
            "type": event.rawValue, one.field.name: one.user.description, other.field.name: other.user.description,
        ])
        var envelope = Envelope(event.kind, eventID: uuidV7(clock: clock), context, payload: Array(value.utf8))
        envelope[one.field] = one.user
        envelope[other.field] = other.user
        if wasAsked { envelope[.wasAsked] = true }
        return Outbox.statement(topic: RelationEvent.topic, key: one.user, envelope)
    }
}
