import Consumers
import EventLog
import Synchronization

/// A log that hands nothing over by itself: a test says when. One partition a topic; what the log promises besides is
/// tested with the logs themselves.
final class StepLog: EventLog {
    private struct State {
        var records: [String: [LogRecord]] = [:]
        var positions: [String: Int] = [:]
        var begun: Set<String> = []
    }

    private let state = Mutex(State())

    struct NoSubscriptions: Error {}

    func reach(milliseconds: Int) async throws {}

    func createTopics(_ topics: [Topic]) async throws {}

    /// Each of its topics is one partition.
    func grow(_ topics: [Topic]) async throws {}

    func append(_ records: [NewRecord]) async throws {
        state.withLock { state in
            for record in records {
                let offset = Int64(state.records[record.topic, default: []].count)
                state.records[record.topic, default: []].append(
                    LogRecord(
                        topic: record.topic, partition: 0, offset: offset, key: record.key, value: record.value,
                        headers: record.headers, raw: record.raw))
            }
        }
    }

    func subscribe(
        _ subscription: SubscriptionOptions, turn: TurnHandler?, handler: @escaping RecordHandler
    ) async throws -> any LogSubscription {
        throw NoSubscriptions()
    }

    func backlog(of subscriptions: [SubscriptionOptions]) async throws -> LogBacklog {
        LogBacklog(records: 0, age: 0)
    }

    /// Each record is as old as the log.
    func isRead(by subscriptions: [SubscriptionOptions], before time: Int64) async throws -> Bool {
        state.withLock { state in
            subscriptions.allSatisfy { subscription in
                subscription.topics.allSatisfy { topic in
                    state.positions["\(subscription.group) \(topic)", default: 0]
                        >= state.records[topic, default: []].count
                }
            }
        }
    }

    func missing(of topics: [Topic]) async throws -> [Topic] { [] }

    func takeLoss() -> UInt64? { nil }

    /// The same.
    func hasRecords(in topic: String, before time: Int64) async throws -> Bool {
        state.withLock { !($0.records[topic] ?? []).isEmpty }
    }

    /// Its records have aged out.
    func forget() { state.withLock { $0.records = $0.records.mapValues { _ in [] } } }

    func close() async {}

    /// Hands what is due and the next batch to a group.
    /// - Returns: false when it has read all there is.
    func step(_ group: ConsumerGroup) async throws -> Bool {
        let reader = group.subscription
        for topic in reader.topics {
            let isFirst = state.withLock { $0.begun.insert("\(reader.group) \(topic)").inserted }
            while try await group.turn(PartitionTurn(topic: topic, partition: 0, isFirst: isFirst)) == 0 {}
            let name = "\(reader.group) \(topic)"
            let batch = state.withLock { state in
                Array((state.records[topic] ?? []).dropFirst(state.positions[name, default: 0]).prefix(reader.batch))
            }
            guard !batch.isEmpty else { continue }
            try await group.handle(batch)
            state.withLock { $0.positions[name, default: 0] += batch.count }
            return true
        }
        return false
    }

    /// A reader that died before it could say what it had done: it begins again.
    func rewind(_ group: String) {
        state.withLock { state in
            for name in state.positions.keys where name.hasPrefix(group + " ") { state.positions[name] = 0 }
        }
    }

    /// What was appended to a topic, in order.
    func records(_ topic: String) -> [LogRecord] { state.withLock { $0.records[topic] ?? [] } }
}
