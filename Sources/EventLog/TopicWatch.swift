import Core
import Synchronization

/// Topics that a process needs: looks for them every few seconds, and makes those anew that somebody has deleted. Its groups begin
/// at the start of a new topic: librdkafka finds it by itself, and what a group had read of the old one says nothing about it.
public final class TopicWatch: Sendable {
    /// Nanoseconds between two looks.
    private static let pace: UInt64 = 2_000_000_000
    private let log: any EventLog
    private let topics: [Topic]
    private let missing = Mutex<[String]>([])
    private let task = Mutex<Task<Void, Never>?>(nil)
    private let gauge = Metrics.shared.gauge(.missingTopics)

    public init(_ log: any EventLog, _ topics: [Topic]) {
        (self.log, self.topics) = (log, topics)
    }

    /// Makes those that are missing, at the start.
    public func create() async throws { try await log.createTopics(topics) }

    /// Those that were not there at the last look, and could not be made since.
    public var missingTopics: [String] { missing.withLock { $0 } }

    public func start() {
        let task = Task {
            while !Task.isCancelled {
                try? await Task.sleep(nanoseconds: Self.pace)
                await look()
            }
        }
        self.task.withLock { $0 = task }
    }

    /// While the log can't be reached what is known stays.
    private func look() async {
        guard let gone = try? await log.missing(of: topics), !Task.isCancelled else { return }
        note(gone)
        guard !gone.isEmpty else { return }
        let names: Log.Field = .text(gone.map(\.name).joined(separator: ", "))
        Log.warning(.topicsMissing, ["topics": names])
        do {
            try await log.createTopics(gone)
            Log.warning(.topicsRestored, ["topics": names])
            note([])
        } catch {
            Log.error(.topicsNotRestored, ["topics": names, "error": .text("\(error)")])
        }
    }

    private func note(_ gone: [Topic]) {
        missing.withLock { $0 = gone.map(\.name) }
        gauge.set(gone.count)
    }

    public func close() { task.withLock { $0 }?.cancel() }
}
