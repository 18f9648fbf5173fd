public import Consumers
import Core
import DomainKit
public import EventLog
import Posts

/// Turns each change of a post into chunks, one for each slice of those to whom it goes (`FanOutPlan` has the rule).
public struct Planner: Sendable {
    private let store: FanOutStore
    private let log: any EventLog
    private let reader = EventReader<PostEvent>()
    private let planned = Metrics.shared.counter(.planned)

    public init(store: FanOutStore, log: any EventLog) {
        self.store = store
        self.log = log
    }

    /// Handles one batch of `post.events`, in order. May run twice.
    public func handle(_ records: [LogRecord]) async throws -> Outcomes {
        var outcomes = Outcomes()
        let changes = records.compactMap { change($0, &outcomes) }
        let authors = try await store.authors(Set(changes.map(\.author)))
        var busy: Set<ID> = []
        for author in FanOutPlan.unsettled(authors) {
            if try await store.unfinished(author: author) > 0 { busy.insert(author) }
        }
        let names = Set(changes.flatMap(\.envelope.tags).map { ExactText($0) })
        let tags =
            names.isEmpty
            ? [:] : try await store.followers(ofTags: names.map(\.text), upTo: Slicing.fewFollowers + 1)
        let plan = FanOutPlan(changes, authors: authors, busy: busy, tags: tags)
        for (author, slices) in plan.slices { try await store.setSlices(author: author, slices) }
        if !plan.tracked.isEmpty { try await store.begin(plan.tracked) }
        try await log.append(plan.records)
        planned.add(plan.deliveries)
        return outcomes
    }

    private func change(_ record: LogRecord, _ outcomes: inout Outcomes) -> PostChange? {
        guard let (kind, envelope) = reader.known(record, &outcomes) else { return nil }
        guard let change = PostChange(kind, envelope) else {
            reader.lacksFields(record, &outcomes)
            return nil
        }
        return change
    }
}
