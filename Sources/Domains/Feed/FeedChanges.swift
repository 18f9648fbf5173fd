import Core
public import Relations

/// Tells live clients what a change of who sees whom does to their feeds: at once, and by `AudienceWorker` once more where
/// the process that served it could not.
public struct FeedChanges: AudienceObserver {
    /// Clocks of processes and of Redis differ by less, in microseconds.
    private static let clockSkew: Int64 = 2_000_000
    let timelines: Timelines
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
        guard let (feed, told) = Self.change(change) else { return }
        let envelope = Envelope(
            FeedChange.Kind.changed.kind, eventID: uuidV7(clock: clock), TraceContext(requestID: ""),
            payload: told.json)
        try await timelines.note(
            told, in: feed, envelope, since: time * 1000 - Self.clockSkew, isLate: isLate)
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
        case .followed(_, by: _, .known), .unblocked, .privacy: nil
        }
    }
}
