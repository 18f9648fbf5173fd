import Core
import DomainKit
import Feed
import Live

/// What reading a log for a connection has come to.
struct JoinOutcome {
    enum Verdict {
        /// The client gave no position: it is live from here.
        case live
        case resumed([Publication])
        /// It must read the API, and is live from here.
        case reset
    }

    let verdict: Verdict
    let cursor: LiveCursor
    /// The newest state of a channel that has one, unless the client knows it.
    var state: ChannelState?
    /// Of whom the user is told nothing of what comes behind it.
    var hidden = HiddenAuthors.none
    /// Of the numbers that are told behind it none with a smaller one is news (`EventField.version`).
    var version: Int64 = -1
    /// Redis still has all that a channel was told since the client's position.
    var isContinuous = false

    /// What was missed; `nil` where that is not known, or where nobody asked.
    var missed: [Publication]? { if case .resumed(let missed) = verdict { missed } else { nil } }

    /// What the client is to be told, in order. A state has no position: it is not the last thing that happened.
    var publications: [Publication] {
        let state = self.state.map {
            Publication(event: $0.envelope.payload, type: $0.envelope.kind.name, position: 0)
        }
        return (state.map { [$0] } ?? []) + (missed ?? [])
    }

    /// Whether the state came before this position.
    func isStateKnown(to held: LiveCursor?) -> Bool {
        guard let state, let held else { return false }
        return held.epoch == cursor.epoch && 0 < state.position && state.position <= held.position
    }

    /// Bytes that telling it takes, about: each event comes with a frame around it.
    var size: Int {
        let state = self.state.map { $0.envelope.payload.count + 1024 } ?? 0
        return state + (missed.map { $0.size + 256 * $0.count + 2048 } ?? 0)
    }
}

extension JoinOutcome {
    /// What has come into the user's feed after the position; `nil`: what is the position now?
    /// - Parameter most: bytes of events; more are a reset.
    static func read(
        _ feeds: FeedReader, _ user: ID, _ held: LiveCursor?, most: Int
    ) async -> Result<JoinOutcome, any Error> {
        do {
            guard let held else {
                return .success(JoinOutcome(verdict: .live, cursor: try await feeds.currentPosition(of: user)))
            }
            switch try await feeds.missed(by: user, since: held, atMost: most) {
            case .events(let events, let cursor):
                return .success(JoinOutcome(verdict: .resumed(events), cursor: cursor))
            // The client reads the feed instead, page by page.
            case .reset(let cursor), .part(_, _, now: let cursor):
                return .success(JoinOutcome(verdict: .reset, cursor: cursor))
            }
        } catch {
            return .failure(error)
        }
    }
}

extension [Publication] {
    /// Bytes of the events.
    var size: Int { reduce(0) { $0 + $1.event.count } }
}

extension ServerReply.Subscribed {
    init(_ outcome: JoinOutcome) {
        let recovered: Bool? =
            switch outcome.verdict {
            case .live: nil
            case .resumed: true
            case .reset: false
            }
        self.init(cursor: outcome.cursor, recovered: recovered, publications: outcome.publications)
    }
}
