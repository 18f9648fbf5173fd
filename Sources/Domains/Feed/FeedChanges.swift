import Core
public import Relations
import Store

/// Tells live clients what a change of who sees whom does to their feeds: at once, and by `AudienceWorker` once more where
/// the process that served it could not.
public struct FeedChanges: AudienceObserver {
    /// Clocks of processes and of Redis differ by less, in microseconds.
    private static let clockSkew: Int64 = 2_000_000
    /// Followers who are read and told at a time.
    private static let pageSize = 1_000
    let timelines: Timelines
    let database: Database
    let clock: any WallClock

    public func changed(_ change: AudienceChange) async throws {
        try await tell(change, at: clock.milliseconds(), isLate: false)
    }

    /// What the log brings.
    /// - Parameter time: of the change, milliseconds since 1970.
    func changed(_ change: AudienceChange, at time: Int64) async throws {
        try await tell(change, at: time, isLate: true)
    }

    private func tell(_ change: AudienceChange, at time: Int64, isLate: Bool) async throws {
        if let (feed, told) = Self.change(change) {
            try await note(told, in: feed, at: time, isLate: isLate)
        } else if isLate, let told = Self.changeOfFollowers(change) {
            try await tellFollowers(told, at: time)
        }
    }

    /// - Parameters:
    ///   - time: of the change, milliseconds since 1970.
    ///   - isLate: by the log.
    func note(_ told: FeedChange, tag: String = "", in feed: ID, at time: Int64, isLate: Bool) async throws {
        let since = time * 1000 - Self.clockSkew
        try await note(told, tag: tag, in: [feed], since: since, late: isLate ? since : nil)
    }

    private func note(
        _ told: FeedChange, tag: String = "", in feeds: [ID], since: Int64, late: Int64?
    ) async throws {
        let envelope = Envelope(
            FeedChange.Kind.changed.kind, eventID: uuidV7(clock: clock), TraceContext(requestID: ""),
            payload: told.json(tag: tag))
        try await timelines.note(told, in: feeds, envelope, since: since, late: late)
    }

    /// Nobody has told them before, but where it is done again.
    private func tellFollowers(_ told: FeedChange, at time: Int64) async throws {
        var position = (bucket: 0, follower: ID.zero)
        while true {
            let followers = try await database.query(
                Follows.followers(of: told.subject, behind: position, below: Bucket.count, limit: Self.pageSize)
            ).map { (bucket: try $0.int("bucket"), follower: try $0.id("follower")) }
            try await note(
                told, in: followers.map(\.follower), since: time * 1000 - Self.clockSkew,
                late: time * 1000 + Self.clockSkew)
            guard followers.count == Self.pageSize, let last = followers.last else { return }
            position = last
        }
    }

    /// Whose feed it changes, and how. Whoever is blocked is told of a follow that ended, and of nothing more.
    private static func change(_ change: AudienceChange) -> (feed: ID, FeedChange)? {
        switch change {
        case .followed(let user, by: let owner, .new): (owner, FeedChange(.follow, of: user))
        case .followed(let user, by: let owner, .accepted): (owner, FeedChange(.accept, of: user))
        case .unfollowed(let user, by: let owner): (owner, FeedChange(.unfollow, of: user))
        case .blocked(let user, by: let owner): (owner, FeedChange(.block, of: user))
        case .muted(let user, by: let owner): (owner, FeedChange(.mute, of: user))
        // The posts come back.
        case .unmuted(let user, by: let owner): (owner, FeedChange(.follow, of: user))
        case .followed(_, by: _, .known), .unblocked, .privacy, .left, .returned: nil
        }
    }

    /// How it changes the feeds of all who follow the user. They may be many, so only the log's reader tells them.
    private static func changeOfFollowers(_ change: AudienceChange) -> FeedChange? {
        switch change {
        case .left(let user, .suspended): FeedChange(.suspended, of: user)
        case .left(let user, .erased): FeedChange(.erased, of: user)
        // The posts come back.
        case .returned(let user): FeedChange(.follow, of: user)
        case .followed, .unfollowed, .blocked, .unblocked, .muted, .unmuted, .privacy: nil
        }
    }
}
