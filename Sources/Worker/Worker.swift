import Consumers
public import Core
public import DomainKit
public import EventLog
public import Store
import Synchronization

/// The role `worker`: consumer groups that no client waits for, and jobs. All of them, or those that it is told by name;
/// any number of processes may have the same ones.
public final class Worker: Sendable {
    private let groups: ConsumerGroups
    private let jobs: [Job]
    private let running = Mutex<[Task<Void, Never>]>([])

    /// - Parameters:
    ///   - storage: see `ConsumerGroup`.
    ///   - names: what it does; `nil`: all.
    /// - Throws: `UnknownWork` for a name that nothing has.
    public init(
        log: any EventLog, storage: Database, clock: any WallClock, domains: [any Domain], names: Set<String>?
    ) throws(UnknownWork) {
        let consumers = domains.flatMap { $0.consumers(log) }.filter { $0.place == .worker }
        let jobs = domains.flatMap { $0.jobs(log) }
        let known = Set(consumers.map(\.subscription.group) + jobs.map(\.name))
        precondition(known.count == consumers.count + jobs.count, "two workers have one name: \(known.sorted())")
        if let unknown = names?.subtracting(known).min() { throw UnknownWork(name: unknown, known: known.sorted()) }
        let wanted = consumers.filter { names?.contains($0.subscription.group) ?? true }
        groups = ConsumerGroups(wanted.map { $0.group(on: log, storage, clock) }, database: storage)
        self.jobs = jobs.filter { names?.contains($0.name) ?? true }
    }

    public func start() async throws {
        try await groups.start()
        running.withLock { $0 = jobs.map { job in Task { await Self.go(job) } } }
    }

    /// Piece by piece, until the task is cancelled; the piece in hand is finished.
    private static func go(_ job: Job) async {
        while !Task.isCancelled {
            do {
                if case .more = try await job.run() { continue }
            } catch {
                guard !Task.isCancelled else { return }
                Log.warning(.jobFailed, ["job": .text(job.name), "error": .text("\(error)")])
            }
            try? await Task.sleep(nanoseconds: UInt64(job.restSeconds * 1_000_000_000))
        }
    }

    /// Finishes what is in hand.
    public func close() async {
        let jobs = running.withLock(\.self)
        for job in jobs { job.cancel() }
        await groups.close()
        for job in jobs { await job.value }
    }
}

/// A worker was told to do what there is not.
public struct UnknownWork: Error, CustomStringConvertible {
    let name: String
    let known: [String]

    public var description: String { "there is no work '\(name)': there are \(known.joined(separator: ", "))" }
}
