import Core
import Synchronization

/// Topics that a process needs: looks for them every few seconds, and makes those anew that somebody has deleted. Its groups begin
/// at the start of a new topic: librdkafka finds it by itself, and what a group had read of the old one says nothing about it.
///
/// What was in a topic that is gone, and was not read, is lost, and nobody knows what it was: so live clients are told to read anew.
public final class TopicWatch: Sendable {
    /// Nanoseconds between two looks.
    private static let pace: UInt64 = 2_000_000_000
    private let log: any EventLog
    private let topics: [Topic]
    private let remember: @Sendable ([String]) async throws -> Set<String>
    private let tellLoss: @Sendable () async throws -> Void
    private let state = Mutex(State())
    private let task = Mutex<Task<Void, Never>?>(nil)
    private let gauge = Metrics.shared.gauge(.missingTopics)

    private struct State {
        var missing: [Topic] = []
        /// Something was lost, and that is not told yet.
        var owes = false
        /// When a loss was told last, in monotonic nanoseconds.
        var toldAt: UInt64 = 0
    }

    /// - Parameters:
    ///   - remember: takes note of topics that are needed, and says of which it had before.
    ///   - tellLoss: records may have been lost that nobody has read.
    public init(
        _ log: any EventLog, _ topics: [Topic], remember: @escaping @Sendable ([String]) async throws -> Set<String>,
        tellLoss: @escaping @Sendable () async throws -> Void
    ) {
        (self.log, self.topics) = (log, topics)
        (self.remember, self.tellLoss) = (remember, tellLoss)
    }

    /// Makes those that are missing, at the start. One that this version is the first to need is no loss.
    public func create() async throws {
        let gone = try await log.missing(of: topics)
        let known = try await remember(topics.map(\.name))
        // First: behind it nothing would be missing any more.
        if gone.contains(where: { known.contains($0.name) }) { try await tellLoss() }
        try await log.createTopics(topics)
    }

    /// Those that were not there at the last look, and could not be made since.
    public var missingTopics: [String] { state.withLock { $0.missing.map(\.name) } }

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
        let gone = try? await log.missing(of: topics)
        guard !Task.isCancelled else { return }
        if let gone { note(gone) }
        // A partition that was last read before the latest loss was told has begun anew by that loss.
        if let lossAt = log.takeLoss() { state.withLock { $0.owes = $0.owes || lossAt > $0.toldAt } }
        await tell()
        if let gone, !gone.isEmpty { await restore(gone) }
    }

    private func tell() async {
        guard state.withLock({ $0.owes }) else { return }
        let now = monotonicNanoseconds()
        do {
            try await tellLoss()
            state.withLock { ($0.owes, $0.toldAt) = (false, now) }
        } catch {
            Log.warning(.lossNotTold, ["error": .text("\(error)")])
        }
    }

    private func restore(_ gone: [Topic]) async {
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

    /// Those that stay away are one loss.
    private func note(_ gone: [Topic]) {
        state.withLock { state in
            state.owes = state.owes || gone.contains { !state.missing.contains($0) }
            state.missing = gone
        }
        gauge.set(gone.count)
    }

    public func close() { task.withLock { $0 }?.cancel() }
}
