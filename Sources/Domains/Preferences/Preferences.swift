public import TimeZones

/// How a user wants to be notified.
public struct Preferences: Sendable, Equatable {
    public enum Digest: String, Sendable, CaseIterable {
        case off, hourly, daily
    }

    /// Whose doings are told.
    public enum Actors: String, Sendable, CaseIterable {
        case all, followed, mutual
    }

    /// On the user's clocks, where the digest is daily: 09:00.
    static let digestMinute = 9 * 60

    /// Types of notifications that are not in the inbox; all others are, also those that this version does not know.
    public var withoutInbox: Set<String> = []
    /// The same of pushes.
    public var withoutPush: Set<String> = []
    public var quiet: QuietHours?
    public var digest = Digest.off
    public var onlyFrom = Actors.all
    /// Pushes say what was written. False: only that something was.
    public var previews = true
    /// Of the profile, for who has no quiet hours.
    public var profileZone: TimeZone?

    public init() {}

    var zone: TimeZone { quiet?.zone ?? profileZone ?? .utc }

    /// Whether a push is sent, and when; to be asked when it could be sent, for preferences change while it waits.
    /// - Parameters:
    ///   - isDigest: it has waited for its digest.
    ///   - now: milliseconds since 1970.
    public func decision(
        on type: String, from actor: ActorRelation, isDigest: Bool = false, now: Int64
    ) -> PushDecision {
        if withoutPush.contains(type) { return .suppress(.type) }
        switch actor {
        case .nobody, .mutual: break
        case .refused: return .suppress(.muted)
        case .followed: if onlyFrom == .mutual { return .suppress(.actor) }
        case .stranger: if onlyFrom != .all { return .suppress(.actor) }
        }
        let passes = type == "message" && actor == .mutual && quiet?.letsUrgentPass == true
        func endOfQuiet(at time: Int64) -> Int64? { passes ? nil : quiet?.end(at: time) }
        if !isDigest, let due = digestTime(after: now) { return .digest(until: endOfQuiet(at: due) ?? due) }
        return endOfQuiet(at: now).map { .hold(until: $0) } ?? .send
    }

    /// When the next digest is; `nil`: there is none.
    private func digestTime(after now: Int64) -> Int64? {
        switch digest {
        case .off: nil
        case .hourly: zone.nextHour(after: now)
        case .daily: zone.next(minute: Self.digestMinute, after: now)
        }
    }
}
