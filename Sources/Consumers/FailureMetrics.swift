import Core

/// What a group could not do, counted and told.
final class FailureMetrics: Sendable {
    private let group: String
    private let parked: Counter
    private let dead: [Outcome.Death.Reason: Counter]

    init(group: String) {
        self.group = group
        parked = Metrics.shared.counter(.parkings, "group=\"\(group)\"")
        dead = Dictionary(
            uniqueKeysWithValues: Outcome.Death.Reason.allCases.map { reason in
                (reason, Metrics.shared.counter(.deaths, "group=\"\(group)\",reason=\"\(reason.rawValue)\""))
            })
    }

    func settled(_ parked: [Failure], _ dead: [DeadLetterRows.Entry]) {
        self.parked.add(parked.count)
        // One line for many: what is the matter with one is mostly the matter with all.
        if let first = parked.first { Log.warning(.recordsParked, fields(first, parked.count)) }
        for (reason, some) in Dictionary(grouping: dead, by: \.death.reason) {
            self.dead[reason]?.add(some.count)
            Log.warning(.recordsDead, fields(some[0].failure, some.count))
        }
    }

    private func fields(_ failure: Failure, _ count: Int) -> KeyValuePairs<String, Log.Field> {
        let record = failure.record
        return [
            "group": .text(group), "topic": .text(record.topic), "partition": .number(Int64(record.partition)),
            "offset": .number(record.offset), "attempts": .number(Int64(failure.attempts)),
            "records": .number(Int64(count)), "error": .text(failure.reason),
        ]
    }
}
