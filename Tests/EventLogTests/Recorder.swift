import Core
import EventLog
import Synchronization
import Testing

/// A handler that keeps what it is given.
final class Recorder: Sendable {
    private struct State {
        var batches: [[LogRecord]] = []
        var running: [String: Int] = [:]
        var mostAtOnce = 0
        var mostAtOnceInAPartition = 0
    }

    private let state = Mutex(State())
    private let pause: UInt64

    /// - Parameter pause: milliseconds that each batch takes.
    init(pause: Int = 0) {
        self.pause = UInt64(pause)
    }

    @Sendable
    func handle(_ batch: [LogRecord]) async throws {
        let partition = "\(batch[0].topic)/\(batch[0].partition)"
        state.withLock { state in
            state.running[partition, default: 0] += 1
            state.mostAtOnce = max(state.mostAtOnce, state.running.values.reduce(0, +))
            state.mostAtOnceInAPartition = max(state.mostAtOnceInAPartition, state.running[partition]!)
        }
        defer { state.withLock { $0.running[partition]! -= 1 } }
        if pause > 0 { try await Task.sleep(nanoseconds: pause * 1_000_000) }
        state.withLock { $0.batches.append(batch) }
    }

    var batches: [[LogRecord]] { state.withLock { $0.batches } }
    var records: [LogRecord] { batches.flatMap { $0 } }
    var mostAtOnce: Int { state.withLock { $0.mostAtOnce } }
    var mostAtOnceInAPartition: Int { state.withLock { $0.mostAtOnceInAPartition } }

    func wait(for count: Int, seconds: Int = 30, at location: SourceLocation = #_sourceLocation) async throws {
        try await eventually(seconds: seconds, at: location) { self.records.count >= count }
    }
}

struct NotInTime: Error {}

/// Waits until it is true, with a limit.
func eventually(
    seconds: Int = 30, at location: SourceLocation = #_sourceLocation, _ condition: @Sendable () async throws -> Bool
) async throws {
    let deadline = monotonicNanoseconds() + UInt64(seconds) * 1_000_000_000
    while try await !condition() {
        guard monotonicNanoseconds() < deadline else {
            Issue.record("not within \(seconds) s", sourceLocation: location)
            throw NotInTime()
        }
        try await Task.sleep(nanoseconds: 5_000_000)
    }
}

/// Without repetitions: at least once may mean twice.
func firstSeen<T: Hashable>(_ values: [T]) -> [T] {
    var known: Set<T> = []
    return values.filter { known.insert($0).inserted }
}

private let run = monotonicNanoseconds() / 1_000_000
private let lastName = Atomic<Int>(0)

/// No two alike, in this run or another.
func uniqueName(_ kind: String) -> String {
    "\(kind)-\(run)-\(lastName.add(1, ordering: .relaxed).newValue)"
}

extension LogRecord {
    var text: String { String(decoding: value, as: UTF8.self) }
    var offsetName: String { "\(topic)/\(partition)@\(offset)" }
}
