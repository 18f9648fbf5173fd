import Accounts
public import Consumers
import Core
import DomainKit
public import EventLog
import Live
import Posts
import Relations
import Store

/// Tells the subscribers of an author's channel that the author's name or profile is another one. May run twice: see
/// `Channels.publish`.
public struct ProfileWorker: Sendable {
    private let channels: Channels
    private let database: Database
    private let reader = EventReader<UserEvent>()

    init(channels: Channels, database: Database) {
        (self.channels, self.database) = (channels, database)
    }

    /// Handles one batch of `user.events`, in order.
    public func handle(_ records: [LogRecord]) async throws -> Outcomes {
        var outcomes = Outcomes()
        let changes = records.compactMap { change($0, &outcomes) }
        let known = try await channels.known(Set(changes.map { .user($0.user) }))
        let wanted = changes.filter { known.contains(.user($0.user)) }
        guard !wanted.isEmpty, let first = records.first else { return outcomes }
        let away = Set(
            try await database.query(Standing.away(among: Array(Set(wanted.map(\.user))))).map { try $0.id("id") })
        var batch: [ChannelName: [ChannelPublication]] = [:]
        for change in wanted where !away.contains(change.user) {
            batch[.user(change.user), default: []].append(change.publication)
        }
        try await channels.publish(batch, from: "\(first.topic)/\(first.partition)")
        return outcomes
    }

    private func change(
        _ record: LogRecord, _ outcomes: inout Outcomes
    ) -> (user: ID, publication: ChannelPublication)? {
        guard let (kind, envelope) = reader.known(record, &outcomes), kind == .updated else { return nil }
        guard let user = envelope[.user] else {
            reader.lacksFields(record, &outcomes)
            return nil
        }
        return (user, ChannelPublication(offset: record.offset, envelope))
    }
}
