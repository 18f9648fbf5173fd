import Synchronization

/// What `/metrics` shows. Metrics are made once, by name, at start-up; the handle is kept and costs one atomic add.
public final class Metrics: Sendable {
    public static let shared = Metrics()

    private struct Entry {
        let help: String
        let type: String
        /// By label text, such as `route="/v1/posts",status="201"`; empty for none.
        var series: [String: any MetricSeries] = [:]
    }

    private let entries = Mutex<[String: Entry]>([:])

    public init() {}

    public func counter(_ name: MetricName, _ labels: String = "") -> Counter {
        series(name, labels, type: "counter") { Counter() }
    }

    public func gauge(_ name: MetricName, _ labels: String = "") -> Gauge {
        series(name, labels, type: "gauge") { Gauge() }
    }

    public func histogram(_ name: MetricName, _ labels: String = "") -> Histogram {
        series(name, labels, type: "histogram") { Histogram() }
    }

    /// A queue, buffer, pool or table: how much is in it, beside how much may be. At 0 from the start.
    /// - Parameter limit: `nil` for what has no number of its own, but is bounded by what fills it.
    public func queue(_ name: String, limit: Int?) -> Gauge {
        if let limit { queueLimit(name).set(limit) }
        return gauge(.queueLength, "queue=\"\(name)\"")
    }

    /// For a limit that changes.
    public func queueLimit(_ name: String) -> Gauge {
        gauge(.queueLimit, "queue=\"\(name)\"")
    }

    private func series<S: MetricSeries>(
        _ name: MetricName, _ labels: String, type: String, make: () -> S
    ) -> S {
        entries.withLock { entries in
            var entry = entries[name.text] ?? Entry(help: name.help, type: type)
            precondition(entry.type == type, "\(name.text) is a \(entry.type)")
            defer { entries[name.text] = entry }
            if let known = entry.series[labels] as? S { return known }
            let made = make()
            entry.series[labels] = made
            return made
        }
    }

    /// The Prometheus text format, sorted by name.
    public func render() -> String {
        var text = ""
        entries.withLock { entries in
            for (name, entry) in entries.sorted(by: { $0.key < $1.key }) {
                text += "# HELP \(name) \(entry.help)\n# TYPE \(name) \(entry.type)\n"
                for (labels, series) in entry.series.sorted(by: { $0.key < $1.key }) {
                    series.render(name: name, labels: labels, into: &text)
                }
            }
        }
        return text
    }
}

protocol MetricSeries: Sendable {
    func render(name: String, labels: String, into text: inout String)
}

public final class Counter: MetricSeries {
    private let value = Atomic<Int64>(0)

    public init() {}

    public func add(_ count: Int = 1) {
        value.add(Int64(count), ordering: .relaxed)
    }

    public var count: Int64 { value.load(ordering: .relaxed) }

    func render(name: String, labels: String, into text: inout String) {
        text += "\(name)\(labels.isEmpty ? "" : "{\(labels)}") \(count)\n"
    }
}

public final class Gauge: MetricSeries {
    private let value = Atomic<Int64>(0)
    private let parts = Mutex<[ObjectIdentifier: Int]>([:])

    public func set(_ new: Int) { value.store(Int64(new), ordering: .relaxed) }
    public func add(_ count: Int) { value.add(Int64(count), ordering: .relaxed) }
    public var level: Int { Int(value.load(ordering: .relaxed)) }

    func set(_ new: Int?, part: ObjectIdentifier, isSum: Bool) {
        parts.withLock { parts in
            parts[part] = new
            set(isSum ? parts.values.reduce(0, +) : parts.values.max() ?? 0)
        }
    }

    func render(name: String, labels: String, into text: inout String) {
        text += "\(name)\(labels.isEmpty ? "" : "{\(labels)}") \(value.load(ordering: .relaxed))\n"
    }
}

/// Durations in seconds, in buckets from 0.25 ms to 8 s, each twice the one before.
public final class Histogram: MetricSeries {
    private static let bounds: [Double] = (0..<16).map { 0.00025 * Double(1 << $0) }
    private let state = Mutex<(counts: [Int64], sum: Double)>(([Int64](repeating: 0, count: 17), 0))

    public func observe(nanoseconds: UInt64) {
        let seconds = Double(nanoseconds) / 1e9
        let bucket = Self.bounds.firstIndex { seconds <= $0 } ?? Self.bounds.count
        state.withLock { state in
            state.counts[bucket] += 1
            state.sum += seconds
        }
    }

    func render(name: String, labels: String, into text: inout String) {
        let (counts, sum) = state.withLock { $0 }
        let prefix = labels.isEmpty ? "" : labels + ","
        var running: Int64 = 0
        for (index, bound) in Self.bounds.enumerated() {
            running += counts[index]
            text += "\(name)_bucket{\(prefix)le=\"\(bound)\"} \(running)\n"
        }
        let total = running + counts[Self.bounds.count]
        let braces = labels.isEmpty ? "" : "{\(labels)}"
        text +=
            "\(name)_bucket{\(prefix)le=\"+Inf\"} \(total)\n\(name)_sum\(braces) \(sum)\n\(name)_count\(braces) \(total)\n"
    }
}
