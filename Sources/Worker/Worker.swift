import Core
public import DomainKit
public import EventLog
import Synchronization

/// The role `worker`: consumer groups that no client waits for, and jobs. All of them, or those that it is told by name;
/// any number of processes may have the same ones.
public final class Worker: Sendable {
    private let log: any EventLog
    private let consumers: [Consumer]
    private let jobs: [Job]
    private let running = Mutex<Running>(Running())

    private struct Running {
        var subscriptions: [any LogSubscription] = []
        var jobs: [Task<Void, Never>] = []
    }

    /// - Parameter names: what it does; `nil`: all.
    /// - Throws: `UnknownWork` for a name that nothing has.
    public init(log: any EventLog, domains: [any Domain], names: Set<String>?) throws(UnknownWork) {
        let consumers = domains.flatMap { $0.consumers(log) }.filter { $0.place == .worker }
        let jobs = domains.flatMap { $0.jobs(log) }
        let known = Set(consumers.map(\.subscription.group) + jobs.map(\.name))
        precondition(known.count == consumers.count + jobs.count, "two workers have one name: \(known.sorted())")
        if let unknown = names?.subtracting(known).min() { throw UnknownWork(name: unknown, known: known.sorted()) }
        self.log = log
        self.consumers = consumers.filter { names?.contains($0.subscription.group) ?? true }
        self.jobs = jobs.filter { names?.contains($0.name) ?? true }
    }

    public func start() async throws {
        var subscriptions: [any LogSubscription] = []
        for consumer in consumers {
            subscriptions.append(try await log.subscribe(consumer.subscription, handler: consumer.handle))
        }
        running.withLock { [subscriptions] running in
            running.subscriptions = subscriptions
            running.jobs = jobs.map { job in Task { await Self.go(job) } }
        }
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
        let (subscriptions, jobs) = running.withLock { ($0.subscriptions, $0.jobs) }
        for job in jobs { job.cancel() }
        await withTaskGroup(of: Void.self) { group in
            for subscription in subscriptions { group.addTask { await subscription.close() } }
            for job in jobs { group.addTask { await job.value } }
        }
    }
}

/// A worker was told to do what there is not.
public struct UnknownWork: Error, CustomStringConvertible {
    let name: String
    let known: [String]

    public var description: String { "there is no work '\(name)': there are \(known.joined(separator: ", "))" }
}
