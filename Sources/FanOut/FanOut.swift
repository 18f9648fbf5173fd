import Consumers
public import Core
public import DomainKit
public import EventLog
import Formats
public import HTTPService
import Outbox
import Runtime
public import Store
import Synchronization

/// The role `fanout`: the relay, what the domains do with records of the log, and their upkeep.
public final class FanOut: Sendable {
    private let relay: Relay
    private let groups: ConsumerGroups
    private let upkeep: [UpkeepStep]
    private let running = Mutex<Running>(Running())

    private struct Running {
        var upkeep: Task<Void, Never>?
    }

    /// - Parameters:
    ///   - storage: where the outbox is emptied.
    ///   - idempotency: for its upkeep.
    public init(
        storage: Database, log: any EventLog, domains: [any Domain], idempotency: Idempotency, clock: any WallClock
    ) {
        let consumers = domains.flatMap { $0.consumers(log) }.filter { $0.place == .fanout }
        groups = ConsumerGroups(consumers.map { $0.group(on: log, storage, clock) }, database: storage)
        relay = Relay(database: storage, log: log, readers: consumers.filter(\.isPaced).map(\.subscription))
        let formats = FormatStore(database: storage)
        upkeep =
            domains.flatMap(\.upkeep) + Self.upkeep(of: idempotency)
            + [UpkeepStep("forget processes that have ended") { try await formats.prune() }]
    }

    private static func upkeep(of idempotency: Idempotency) -> [UpkeepStep] {
        let keys = Metrics.shared.queue("idempotency_keys", limit: nil)
        return [
            UpkeepStep("remove idempotency keys") { try await idempotency.removeExpired() },
            UpkeepStep("count idempotency keys") { keys.set(try await idempotency.count()) },
        ]
    }

    public func start() async throws {
        try await groups.start()
        relay.start()
        running.withLock { $0.upkeep = Task { await lookAfter() } }
    }

    /// There is something in the outbox.
    public func wake() { relay.wake() }

    /// All of it each time: what is removed is removed some at a time, and there is an index for each. What fails keeps none
    /// of the others from its turn.
    private func lookAfter() async {
        while !Task.isCancelled {
            try? await Task.sleep(nanoseconds: 5_000_000_000)
            for step in upkeep where !Task.isCancelled {
                do {
                    try await step.run()
                } catch {
                    Log.warning(.upkeepFailed, ["step": .text(step.name), "error": .text("\(error)")])
                }
            }
        }
    }

    /// Finishes what is in hand and commits it.
    public func close() async {
        running.withLock { $0.upkeep }?.cancel()
        async let relay: Void = relay.close()
        await groups.close()
        await relay
    }
}
