import Core
import EventLog
import Foundation
import Synchronization
import Testing

/// Figures instead of verdicts: `MARTLET_MEASURE=1 swift test -c release --filter Measurements`.
extension KafkaTests {
    @Suite(.serialized, .enabled(if: ProcessInfo.processInfo.environment["MARTLET_MEASURE"] != nil))
    struct Measurements {
        private let broker: TestBroker

        init() throws {
            broker = try TestBroker.shared.get()
        }

        private func say(_ text: String) { FileHandle.standardError.write(Data((text + "\n").utf8)) }

        /// 500 records of 300 bytes a second, one by one; the value's head is the time of its append.
        @Test(arguments: [0, 1]) func oneHop(linger: Int) async throws {
            var options = broker.options()
            options.linger = linger
            let log = try broker.makeLog(options)
            let topic = uniqueName("hop")
            try await log.createTopics([Topic(name: topic, partitions: 4, retentionHours: 1)])
            let hops = Times()
            let subscription = try await log.subscribe(SubscriptionOptions(group: topic, topics: [topic])) { batch in
                let now = monotonicNanoseconds()
                let times = batch.map { record in
                    record.value.withUnsafeBytes { now - $0.loadUnaligned(as: UInt64.self) }
                }
                hops.add(times)
            }
            let appends = Times()
            let start = monotonicNanoseconds()
            let (settling, count) = (2500, 10_000)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for index in 0..<settling + count {
                    let due = start + UInt64(index) * 2_000_000
                    let now = monotonicNanoseconds()
                    if due > now { try await Task.sleep(nanoseconds: due - now) }
                    group.addTask {
                        let before = monotonicNanoseconds()
                        var value = [UInt8](repeating: 7, count: 300)
                        value.withUnsafeMutableBytes { $0.storeBytes(of: before, as: UInt64.self) }
                        try await log.append([
                            NewRecord(topic: topic, key: "key-\(index % 100)", value: value, headers: ["type": "t"])
                        ])
                        appends.add([monotonicNanoseconds() - before])
                    }
                }
                try await group.waitForAll()
            }
            try await eventually { hops.count >= settling + count }
            say("linger \(linger): hop \(hops.summary(after: settling)); append \(appends.summary(after: settling))")
            let cpu = processorSeconds()
            try await Task.sleep(nanoseconds: 10_000_000_000)
            say("idle: \((processorSeconds() - cpu) * 100 / 10) % of a core, producer and consumer of 4 partitions")
            await subscription.close()
            await log.close()
        }

        /// Appends of 100 records of 300 bytes, then reading what was appended.
        @Test(arguments: [500, 10_000]) func throughput(prefetch: Int) async throws {
            var options = broker.options()
            options.prefetchRecords = prefetch
            let log = try broker.makeLog(options)
            let topic = uniqueName("bulk")
            try await log.createTopics([Topic(name: topic, partitions: 4, retentionHours: 1)])
            let value = [UInt8](repeating: 7, count: 300)
            // A new producer waits for its number, up to 2 s after the start of a broker.
            try await log.append([NewRecord(topic: topic, key: "first", value: value, headers: [:])])
            for (appenders, rounds) in [(1, 500), (4, 400)] {
                let start = monotonicNanoseconds()
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for _ in 0..<appenders {
                        group.addTask {
                            for _ in 0..<rounds {
                                try await log.append(
                                    (0..<100).map { NewRecord(topic: topic, key: "\($0)", value: value, headers: [:]) })
                            }
                        }
                    }
                    try await group.waitForAll()
                }
                let seconds = Double(monotonicNanoseconds() - start) / 1e9
                say("append of 100, \(appenders) at once: \(Int(Double(appenders * rounds * 100) / seconds)) records/s")
            }
            let total = 500 * 100 + 4 * 400 * 100 + 1
            let count = Mutex(0)
            let first = Mutex<UInt64?>(nil)
            let subscription = try await log.subscribe(SubscriptionOptions(group: topic, topics: [topic])) { batch in
                first.withLock { $0 = $0 ?? monotonicNanoseconds() }
                count.withLock { $0 += batch.count }
            }
            try await eventually(seconds: 120) { count.withLock { $0 } >= total }
            let seconds = Double(monotonicNanoseconds() - first.withLock { $0! }) / 1e9
            say("read with prefetch \(prefetch): \(Int(Double(total) / seconds)) records/s")
            await subscription.close()
            await log.close()
        }

        private func processorSeconds() -> Double {
            var now = timespec()
            clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now)
            return Double(now.tv_sec) + Double(now.tv_nsec) / 1e9
        }
    }
}

/// Durations in nanoseconds.
private final class Times: Sendable {
    private let values = Mutex<[UInt64]>([])

    var count: Int { values.withLock { $0.count } }

    func add(_ times: [UInt64]) {
        values.withLock { $0 += times }
    }

    func summary(after settling: Int) -> String {
        let sorted = values.withLock { $0.dropFirst(settling).sorted() }
        func at(_ share: Double) -> String {
            String(format: "%.2f", Double(sorted[Int(Double(sorted.count - 1) * share)]) / 1e6)
        }
        return "p50 \(at(0.5)) p90 \(at(0.9)) p99 \(at(0.99)) max \(at(1)) ms"
    }
}
