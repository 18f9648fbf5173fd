import Core

/// New reports by reason, each at 0 from the start.
struct ReportCounters: Sendable {
    private let counters = Dictionary(
        uniqueKeysWithValues: Report.Reason.allCases.map {
            ($0, Metrics.shared.counter(.reports, "reason=\"\($0.rawValue)\""))
        })

    func add(_ reason: Report.Reason) { counters[reason]?.add() }
}
