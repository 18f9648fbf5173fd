import Accounts
import Core
import DomainKit
public import EventLog
import Relations

/// Tells `ChannelAudience` once more what it was told by the process that served the change: that one may have died, or had
/// no Redis. May run twice.
public struct AudienceWorker: Sendable {
    private let audience: ChannelAudience
    private let relations = EventReader<RelationEvent>()
    private let users = EventReader<UserEvent>()

    init(_ audience: ChannelAudience) {
        self.audience = audience
    }

    /// Handles one batch of `graph.events` or `user.events`.
    public func handle(_ records: [LogRecord]) async throws {
        for record in records {
            let change = record.topic == UserEvent.topic ? userChange(record) : relationChange(record)
            if let change { try await audience.changed(change) }
        }
    }

    private func userChange(_ record: LogRecord) -> AudienceChange? {
        guard let (kind, event) = users.known(record) else { return nil }
        switch kind {
        case .privacy:
            guard let user = event[.user], let isPrivate = event[.isPrivate] else { break }
            return .privacy(user, isPrivate: isPrivate)
        }
        users.passOver(record)
        return nil
    }

    private func relationChange(_ record: LogRecord) -> AudienceChange? {
        guard let (kind, event) = relations.known(record) else { return nil }
        switch kind {
        case .followAccepted, .followRemoved:
            guard let follower = event[.follower], let followee = event[.followee] else { break }
            return kind == .followRemoved
                ? .unfollowed(followee, by: follower) : .followed(followee, by: follower, accepted: false)
        case .blockAdded, .blockRemoved, .muteAdded, .muteRemoved:
            guard let owner = event[.owner], let other = event[.other] else { break }
            return switch kind {
            case .blockAdded: .blocked(other, by: owner)
            case .blockRemoved: .unblocked(other, by: owner)
            case .muteAdded: .muted(other, by: owner)
            default: .unmuted(other, by: owner)
            }
        }
        relations.passOver(record)
        return nil
    }
}
