import Accounts
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

    init(channels: Channels, database: Database) {
        (self.channels, self.database) = (channels, database)
    }

    /// Handles one batch of `user.events`, in order.
    public func handle(_ records: [LogRecord]) async throws {
        let changes = records.compactMap(change)
        let known = try await channels.known(Set(changes.map { .user($0.user) }))
        let wanted = changes.filter { known.contains(.user($0.user)) }
        guard !wanted.isEmpty, let first = records.first else { return }
        let away = Set(
            try await database.query(Standing.away(among: Array(Set(wanted.map(\.user))))).map { try $0.id("id") })
        var batch: [ChannelName: [ChannelPublication]] = [:]
        for change in wanted where !away.contains(change.user) {
            batch[.user(change.user), default: []].append(change.publication)
        }
        try await channels.publish(batch, from: "\(first.topic)/\(first.partition)")
    }

    private func change(_ record: LogRecord) -> (user: ID, publication: ChannelPublication)? {
        // `AudienceWorker` reads the same records, and counts what is passed over.
        guard let envelope = Envelope(headers: record.headers, payload: record.value),
            UserEvent(envelope.kind) == .updated, let user = envelope[.user]
        else { return nil }
        return (user, ChannelPublication(offset: record.offset, envelope))
    }
}
