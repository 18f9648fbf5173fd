import Consumers
import Core
import DomainKit
import EventLog
import Feed
import Live
import Store

/// Tells users' live clients what has changed in their inboxes. A user's records come one after the other, so no older number goes
/// behind a newer one. May run twice: see `Channels.publish`.
struct InboxTeller: Sendable {
    /// More than one record can bring: its events are told from its offset times this on.
    private static let mostEvents: Int64 = 4096

    let channels: Channels
    let news: InboxNews
    private let changes = EventReader<InboxChange.Kind>()

    private struct Work {
        var items: [InboxNews.Item] = []
        /// By the events' ids.
        var offsets: [String: Int64] = [:]
    }

    /// Handles one batch of `inbox.events`, in order.
    func handle(_ records: [LogRecord]) async throws -> Outcomes {
        var outcomes = Outcomes()
        guard let first = records.first else { return outcomes }
        var work: [ID: Work] = [:]
        for record in records {
            guard let (_, event) = changes.known(record, &outcomes) else { continue }
            guard let change = InboxChange(event) else {
                changes.lacksFields(record, &outcomes)
                continue
            }
            add(change, event, record.offset, to: &work[change.user, default: Work()])
        }
        // Nearly always there is nobody: then nothing is read and nothing sent.
        let known = try await channels.known(Set(work.keys.map { .notifications(of: $0) }))
        for (user, work) in work where known.contains(.notifications(of: user)) {
            let events = try await news.events(work.items, for: user).events
            let told = events.map {
                ChannelPublication(offset: work.offsets[$0.eventID]!, $0, keeping: $0.withoutContent)
            }
            try await channels.publish(
                [.notifications(of: user): told], from: "\(first.topic)/\(first.partition)")
        }
        return outcomes
    }

    private func add(_ change: InboxChange, _ event: Envelope, _ offset: Int64, to work: inout Work) {
        let context = TraceContext(requestID: event.requestID, traceparent: event.traceparent)
        var whats: [InboxNews.Item.What] = change.upTo.map { [.read(upTo: $0)] } ?? []
        whats += change.others.map { .group(key: $0, isNew: false) } + change.new.map { .group(key: $0, isNew: true) }
        for (index, what) in whats.prefix(Int(Self.mostEvents)).enumerated() {
            let digits = String(index)
            let id = event.eventID + "-" + String(repeating: "0", count: 4 - digits.utf8.count) + digits
            work.items.append(InboxNews.Item(what: what, eventID: id, context: context))
            work.offsets[id] = offset * Self.mostEvents + Int64(index)
        }
    }
}
