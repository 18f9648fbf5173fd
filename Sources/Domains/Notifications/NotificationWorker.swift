import Accounts
import Consumers
import Core
import DomainKit
import EventLog
import Relations
import Store

/// Makes notifications of what is on the log, and takes them back. Each record may come twice, and those of one topic before or
/// behind those of another (`Inboxes`).
///
/// What it does not know it passes over without a word: consumers of these topics are there that count it.
struct NotificationWorker: Sendable {
    let inboxes: Inboxes
    let kinds: [NotificationKind]
    let start: InboxStart

    /// What a batch asks for.
    private struct Work {
        var subjects: [[NotificationKind.Subject]]
        var ended: [ID] = []
        /// Between whom something may have to go: receivers, and who did it.
        var pairs: [(receiver: ID, actor: ID)] = []
        /// Who may not be here any more.
        var away: [ID] = []
    }

    /// Handles one batch.
    func handle(_ records: [LogRecord]) async throws -> Outcomes {
        var outcomes = Outcomes()
        var work = Work(subjects: kinds.map { _ in [] })
        let start = try await start.time()
        for record in records {
            guard let event = Envelope(headers: record.headers, payload: record.value) else {
                outcomes[record] = .malformed
                continue
            }
            guard milliseconds(ofUUIDv7: event.eventID).map({ $0 >= start }) ?? true else { continue }
            add(event, of: record.topic, to: &work)
        }
        for (kind, subjects) in zip(kinds, work.subjects) where !subjects.isEmpty {
            try await inboxes.look(at: subjects, kind)
        }
        if !work.ended.isEmpty { try await inboxes.ended(work.ended) }
        if !work.pairs.isEmpty {
            try await inboxes.takeBack(
                of: Set(work.pairs.map(\.receiver)).sorted(),
                where: """
                    (c.user_id, c.actor_id) IN (SELECT * FROM unnest(
                        \(work.pairs.map(\.receiver))::bigint[], \(work.pairs.map(\.actor))::bigint[])) AND \(Self.isRefused)
                    """)
        }
        if !work.away.isEmpty {
            try await inboxes.takeBack(where: "c.actor_id = ANY (\(work.away)::bigint[]) AND \(Self.isRefused)")
        }
        return outcomes
    }

    /// By what holds now.
    private static let isRefused: SQL = "NOT (\(Audience.mayNotify(of: "c.actor_id", "c.user_id")))"

    private func add(_ event: Envelope, of topic: String, to work: inout Work) {
        for (index, kind) in kinds.enumerated() where kind.topic == topic {
            if let subject = kind.subject(event) { work.subjects[index].append(subject) }
        }
        // Of kinds with one object each names the same one.
        if let ended = kinds.lazy.compactMap({ $0.object?.ended(event) }).first { work.ended.append(ended) }
        switch RelationEvent(event.kind) {
        case .blockAdded, .muteAdded:
            guard let owner = event[.owner], let other = event[.other] else { break }
            work.pairs += [(owner, other), (other, owner)]
        default: break
        }
        switch UserEvent(event.kind) {
        case .suspended, .erasing:
            if let user = event[EventField<ID>.user] { work.away.append(user) }
        default: break
        }
    }
}
