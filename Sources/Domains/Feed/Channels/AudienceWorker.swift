import Accounts
public import Consumers
import Core
import DomainKit
public import EventLog
import Relations
import Tags

/// Tells `ChannelAudience`, `FeedChanges` and `FeedTagChanges` once more what they were told by the process that served the
/// change: that one may have died, or had no Redis. May run twice.
public struct AudienceWorker: Sendable {
    private let audience: ChannelAudience
    private let feeds: FeedChanges
    private let tags: FeedTagChanges
    private let relations = EventReader<RelationEvent>()
    private let users = EventReader<UserEvent>()
    private let tagFollows = EventReader<TagFollowEvent>()

    init(_ audience: ChannelAudience, _ feeds: FeedChanges, _ tags: FeedTagChanges) {
        (self.audience, self.feeds, self.tags) = (audience, feeds, tags)
    }

    /// Handles one batch of `graph.events`, `user.events` or `feed.updated`.
    public func handle(_ records: [LogRecord]) async throws -> Outcomes {
        var outcomes = Outcomes()
        for record in records {
            if record.topic == TagFollowEvent.topic {
                try await follow(record, &outcomes)
                continue
            }
            let known =
                record.topic == UserEvent.topic ? userChange(record, &outcomes) : relationChange(record, &outcomes)
            guard let (change, event) = known else { continue }
            try await audience.changed(change)
            if let time = milliseconds(ofUUIDv7: event.eventID) { try await feeds.changed(change, at: time) }
        }
        return outcomes
    }

    private func follow(_ record: LogRecord, _ outcomes: inout Outcomes) async throws {
        guard let (kind, event) = tagFollows.known(record, &outcomes) else { return }
        guard let change = TagFollowChange(kind, event), let time = milliseconds(ofUUIDv7: event.eventID) else {
            tagFollows.lacksFields(record, &outcomes)
            return
        }
        try await tags.changed(change, at: time)
    }

    private func userChange(_ record: LogRecord, _ outcomes: inout Outcomes) -> (AudienceChange, Envelope)? {
        guard let (kind, event) = users.known(record, &outcomes) else { return nil }
        switch kind {
        case .privacy:
            guard let user = event[.user], let isPrivate = event[.isPrivate] else { break }
            return (.privacy(user, isPrivate: isPrivate), event)
        case .suspended:
            guard let user = event[.user], let isSuspended = event[.isSuspended] else { break }
            return (isSuspended ? .left(user, .suspended) : .returned(user), event)
        case .erasing:
            guard let user = event[.user], let isErasing = event[.isErasing] else { break }
            return (isErasing ? .left(user, .erased) : .returned(user), event)
        // Nobody sees anything of him since he asked.
        case .erased: return nil
        // Who sees whom is as before.
        case .updated: return nil
        }
        users.lacksFields(record, &outcomes)
        return nil
    }

    private func relationChange(_ record: LogRecord, _ outcomes: inout Outcomes) -> (AudienceChange, Envelope)? {
        guard let (kind, event) = relations.known(record, &outcomes) else { return nil }
        switch kind {
        // Who sees whom is as before.
        case .followRequested, .followUnrequested: return nil
        case .followAccepted, .followRemoved:
            guard let follower = event[.follower], let followee = event[.followee] else { break }
            return kind == .followRemoved
                ? (.unfollowed(followee, by: follower), event)
                : (.followed(followee, by: follower, event[.wasAsked] == true ? .accepted : .new), event)
        case .blockAdded, .blockRemoved, .muteAdded, .muteRemoved:
            guard let owner = event[.owner], let other = event[.other] else { break }
            return switch kind {
            case .blockAdded: (.blocked(other, by: owner), event)
            case .blockRemoved: (.unblocked(other, by: owner), event)
            case .muteAdded: (.muted(other, by: owner), event)
            default: (.unmuted(other, by: owner), event)
            }
        }
        relations.lacksFields(record, &outcomes)
        return nil
    }
}
