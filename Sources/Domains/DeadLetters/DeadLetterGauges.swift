import Consumers
import Core
import Synchronization

/// How many dead letters wait for somebody, since when, and how many records are parked: by group.
final class DeadLetterGauges: Sendable {
    private let known = Mutex<Set<String>>([])

    func set(sums: [DeadLetters.Sum], parked: [String: Int], now: Int64) {
        var waiting: [String: (count: Int, oldest: Int64)] = [:]
        for sum in sums {
            let before = waiting[sum.group] ?? (0, now)
            waiting[sum.group] = (before.count + sum.count, min(before.oldest, sum.oldest))
        }
        // A group that has none any more has zero.
        let groups = known.withLock { known in
            known.formUnion(waiting.keys)
            known.formUnion(parked.keys)
            return known
        }
        for group in groups {
            let label = "group=\"\(group)\""
            Metrics.shared.gauge(.waiting, label).set(waiting[group]?.count ?? 0)
            Metrics.shared.gauge(.age, label).set(Int((now - (waiting[group]?.oldest ?? now)) / 1000))
            Metrics.shared.gauge(.parked, label).set(parked[group] ?? 0)
        }
    }
}
