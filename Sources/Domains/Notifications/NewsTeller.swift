import Consumers
import Core
import DomainKit
import EventLog
import Feed
import Live

/// Tells users' live clients what other domains tell them in the channel of their notifications. May run twice: see
/// `Channels.publish`.
struct NewsTeller: Sendable {
    let channels: Channels
    /// By topic.
    let news: [String: PersonalNews]

    /// Handles one batch, in order.
    func handle(_ records: [LogRecord]) async throws -> Outcomes {
        var outcomes = Outcomes()
        guard let first = records.first, let news = news[first.topic] else { return outcomes }
        var work: [ID: [(offset: Int64, event: Envelope)]] = [:]
        for record in records {
            guard let (user, event) = news.read(record, &outcomes) else { continue }
            work[user, default: []].append((record.offset, event))
        }
        let known = try await channels.known(Set(work.keys.map { .notifications(of: $0) }))
        for (user, events) in work where known.contains(.notifications(of: user)) {
            let told = try await news.told(events.map(\.event), to: user)
            let byID = Dictionary(told.map { ($0.eventID, $0) }, uniquingKeysWith: { first, _ in first })
            let publications = events.compactMap { offset, event in
                byID[event.eventID].map { ChannelPublication(offset: offset, $0, keeping: event) }
            }
            try await channels.publish(
                [.notifications(of: user): publications], from: "\(first.topic)/\(first.partition)")
        }
        return outcomes
    }
}
