import Core
import EventLog
import Synchronization
import Testing

/// What is Kafka's own: membership, failures of the broker, refusals.
extension KafkaTests {
    @Suite(.serialized)
    struct Behaviour {
        private let broker: TestBroker

        init() throws {
            broker = try TestBroker.shared.get()
        }

        private func topic(_ partitions: Int, on log: KafkaLog) async throws -> String {
            let topic = uniqueName("topic")
            try await log.createTopics([Topic(name: topic, partitions: partitions, retentionHours: 1)])
            return topic
        }

        private func records(_ topic: String, _ range: Range<Int>, keys: Int = 8) -> [NewRecord] {
            range.map { NewRecord(topic: topic, key: "key-\($0 % keys)", value: Array("\($0)".utf8), headers: [:]) }
        }

        @Test func membersShareAndTakeOver() async throws {
            let log = try broker.makeLog()
            let topic = try await topic(4, on: log)
            let options = SubscriptionOptions(group: uniqueName("group"), topics: [topic], batch: 10)
            let stop = Mutex(false)
            let appended = Mutex(0)
            let feeding = Task {
                while !stop.withLock({ $0 }) {
                    let start = appended.withLock { $0 }
                    try await log.append(records(topic, start..<start + 10))
                    appended.withLock { $0 += 10 }
                    try await Task.sleep(nanoseconds: 5_000_000)
                }
            }
            let (first, second) = (Recorder(pause: 5), Recorder(pause: 5))
            let staying = try await log.subscribe(options, handler: first.handle)
            try await first.wait(for: 50)
            let leaving = try await log.subscribe(options, handler: second.handle)
            try await second.wait(for: 50)
            let shared = first.records.count
            try await first.wait(for: shared + 50)
            await leaving.close()
            let left = second.records.count
            let taken = Set(second.records.map(\.partition))
            let before = first.records.count
            try await eventually { Set(first.records.dropFirst(before).map(\.partition)).isSuperset(of: taken) }
            stop.withLock { $0 = true }
            try await feeding.value
            let all = appended.withLock { $0 }
            try await eventually { Set((first.records + second.records).map(\.text)).count == all }
            await staying.close()
            #expect(second.records.count == left)
            // Both went in order, so nothing was handled twice. The mock takes no commit during a rebalance.
            #expect(broker.isMock || first.records.count + second.records.count == all)
            await log.close()
        }

        @Test func theEndOfAHandlerIsNotAwaitedForEver() async throws {
            var options = broker.options()
            options.drainTimeout = 300
            let log = try broker.makeLog(options)
            let topic = try await topic(1, on: log)
            let subscription = SubscriptionOptions(group: uniqueName("group"), topics: [topic])
            try await log.append(records(topic, 0..<3))
            let started = Recorder()
            let slow = try await log.subscribe(subscription) { batch in
                try await started.handle(batch)
                try await Task.sleep(nanoseconds: 60_000_000_000)
            }
            try await started.wait(for: 3)
            let before = monotonicNanoseconds()
            await slow.close()
            #expect(monotonicNanoseconds() - before < 10_000_000_000)
            let seen = Recorder()
            let next = try await log.subscribe(subscription, handler: seen.handle)
            // The broker may have to wait for the end of the first member's session.
            try await seen.wait(for: 3, seconds: 60)
            await next.close()
            await log.close()
        }

        /// The first member's partitions go and come back while its handlers, which do not heed cancellation, still run.
        @Test func aPartitionThatComesBackWaitsForItsBatch() async throws {
            var options = broker.options()
            options.drainTimeout = 200
            let log = try broker.makeLog(options)
            let topic = try await topic(2, on: log)
            let subscription = SubscriptionOptions(group: uniqueName("group"), topics: [topic])
            try await log.append(records(topic, 0..<20))
            let started = Recorder()
            let ended = Recorder()
            let running = Mutex<(now: [Int: Int], most: Int)>(([:], 0))
            let staying = try await log.subscribe(subscription) { batch in
                try await started.handle(batch)
                let partition = batch[0].partition
                running.withLock { running in
                    running.now[partition, default: 0] += 1
                    running.most = max(running.most, running.now[partition]!)
                }
                await Task.detached { try? await Task.sleep(nanoseconds: 6_000_000_000) }.value
                running.withLock { $0.now[partition]! -= 1 }
                try await ended.handle(batch)
            }
            try await started.wait(for: 20)
            let passing = try await log.subscribe(subscription) { _ in
                throw EventLogError("only passing", isTemporary: true)
            }
            try await Task.sleep(nanoseconds: 2_000_000_000)
            await passing.close()
            // Each batch twice: the straggler's end does not count.
            try await eventually(seconds: 40) { ended.records.count >= 40 }
            #expect(running.withLock { $0.most } == 1)
            await staying.close()
            await log.close()
        }

        @Test func aFullQueueIsWaitedFor() async throws {
            var options = broker.options()
            options.queueRecords = 20
            let log = try broker.makeLog(options)
            let topic = try await topic(1, on: log)
            try await log.append(records(topic, 0..<500, keys: 1))
            let seen = Recorder()
            let subscription = try await log.subscribe(
                SubscriptionOptions(group: uniqueName("group"), topics: [topic]), handler: seen.handle)
            try await seen.wait(for: 500)
            #expect(seen.records.map(\.text) == (0..<500).map(String.init))
            await subscription.close()
            await log.close()
        }

        @Test func metricsTellTheLag() async throws {
            let log = try broker.makeLog()
            let topic = try await topic(1, on: log)
            let group = uniqueName("group")
            let gate = Mutex(false)
            let subscription = try await log.subscribe(SubscriptionOptions(group: group, topics: [topic], batch: 10)) {
                _ in
                while !gate.withLock({ $0 }) { try await Task.sleep(nanoseconds: 5_000_000) }
            }
            try await log.append(records(topic, 0..<50))
            let lag = "martlet_log_lag_records{group=\"\(group)\",topic=\"\(topic)\"}"
            try await eventually { Metrics.shared.render().contains("\(lag) 50\n") }
            gate.withLock { $0 = true }
            try await eventually { Metrics.shared.render().contains("\(lag) 0\n") }
            let text = Metrics.shared.render()
            #expect(text.contains("martlet_log_records_consumed_total{group=\"\(group)\",topic=\"\(topic)\"} 50\n"))
            #expect(text.contains("martlet_log_records_produced_total{topic=\"\(topic)\"} 50\n"))
            #expect(text.contains("martlet_log_commit_failures_total{group=\"\(group)\"} 0\n"))
            await subscription.close()
            await log.close()
        }

        @Test func aRecordTooLargeIsRefusedWithWhatFollows() async throws {
            let log = try broker.makeLog()
            let topic = try await topic(1, on: log)
            let large = NewRecord(
                topic: topic, key: "key-0", value: [UInt8](repeating: 1, count: 2 << 20), headers: [:])
            let failure = await #expect(throws: EventLogError.self) {
                try await log.append(records(topic, 0..<1) + [large] + records(topic, 1..<2))
            }
            #expect(failure?.isTemporary == false)
            #expect(failure?.description.contains("MSG_SIZE_TOO_LARGE") == true)
            try await log.append(records(topic, 2..<3))
            let seen = Recorder()
            let subscription = try await log.subscribe(
                SubscriptionOptions(group: uniqueName("group"), topics: [topic]), handler: seen.handle)
            try await eventually { seen.records.last?.text == "2" }
            #expect(seen.records.map(\.text) == ["0", "2"] || seen.records.map(\.text) == ["2"])
            await subscription.close()
            await log.close()
        }

        /// The broker refuses a record in the middle: nothing behind it is stored, though it was sent already.
        @Test(.enabled(if: TestBroker.isReal, "needs a Kafka"))
        func whatTheBrokerRefusesIsNotOvertaken() async throws {
            var options = broker.options()
            // More than the broker takes.
            options.properties = ["message.max.bytes": "4000000"]
            let log = try broker.makeLog(options)
            let topic = try await topic(1, on: log)
            let large = NewRecord(
                topic: topic, key: "key-0", value: [UInt8](repeating: 1, count: 2 << 20), headers: [:])
            let (front, back) = (records(topic, 0..<50, keys: 1), records(topic, 50..<400, keys: 1))
            let failure = await #expect(throws: EventLogError.self) { try await log.append(front + [large] + back) }
            #expect(failure?.isTemporary == false && failure?.description.contains("MSG_SIZE_TOO_LARGE") == true)
            try await log.append(records(topic, 1000..<1001, keys: 1))
            let seen = Recorder()
            let subscription = try await log.subscribe(
                SubscriptionOptions(group: uniqueName("group"), topics: [topic]), handler: seen.handle)
            try await eventually { seen.records.last?.text == "1000" }
            let stored = seen.records.dropLast().map { Int($0.text)! }
            #expect(stored == Array(0..<stored.count) && stored.count <= 50)
            await subscription.close()
            await log.close()
        }

        @Test(.enabled(if: TestBroker.isReal, "needs a Kafka"))
        func aTopicThatIsNotThereIsNamed() async throws {
            var options = broker.options()
            options.properties = ["topic.metadata.propagation.max.ms": "500"]
            let log = try broker.makeLog(options)
            let failure = await #expect(throws: EventLogError.self) {
                try await log.append(records("nowhere", 0..<1))
            }
            #expect(failure?.isTemporary == false)
            #expect(failure?.description.contains("nowhere") == true)
            let other = try await topic(1, on: log)
            try await log.append(records(other, 0..<1))
            await log.close()
        }

        /// The leader of a group does not hear of new partitions; that nobody reads them is noticed.
        @Test(.enabled(if: TestBroker.isReal, "needs a Kafka"))
        func partitionsThatNobodyHasAreSharedOut() async throws {
            var options = broker.options()
            options.properties = ["topic.metadata.refresh.interval.ms": "600000"]
            let log = try broker.makeLog(options)
            let topic = try await topic(1, on: log)
            let seen = Recorder()
            let subscription = SubscriptionOptions(group: uniqueName("group"), topics: [topic])
            let members = [
                try await log.subscribe(subscription, handler: seen.handle),
                try await log.subscribe(subscription, handler: seen.handle),
            ]
            try await log.append(records(topic, 0..<1))
            try await seen.wait(for: 1)
            try await log.grow([Topic(name: topic, partitions: 6, retentionHours: 1)])
            let other = try broker.makeLog()
            try await other.append(records(topic, 1..<200, keys: 50))
            try await eventually(seconds: 60) { Set(seen.records.map(\.text)).count == 200 }
            #expect(Set(seen.records.map(\.partition)).count == 6)
            for member in members { await member.close() }
            await log.close()
            await other.close()
        }

        @Test func withoutABrokerAppendsEndInTime() async throws {
            var options = KafkaOptions(bootstrapServers: "127.0.0.1:1")
            options.appendTimeout = 500
            let log = try KafkaLog(options: options)
            for _ in 0..<2 {
                let before = monotonicNanoseconds()
                let failure = await #expect(throws: EventLogError.self) {
                    try await log.append(records("anything", 0..<10))
                }
                #expect(failure?.isTemporary == true)
                #expect(monotonicNanoseconds() - before < 3_000_000_000)
            }
            let subscription = try await log.subscribe(SubscriptionOptions(group: "g", topics: ["t"])) { _ in }
            await subscription.close()
            await log.close()
        }

        /// The broker refuses one request in the middle: what is stored has no gap, and after the second try the
        /// order is right.
        @Test func nothingOvertakesAFailedRecord() async throws {
            let mock = try MockKafka()
            var options = KafkaOptions(bootstrapServers: "mock:1")
            // All in one request: the mock, unlike a broker, stores a second one behind the one that it refused.
            options.linger = 500
            let log = try KafkaLog(options: options, mock: mock)
            try await log.createTopics([Topic(name: "t", partitions: 1, retentionHours: 1)])
            let all = records("t", 0..<200, keys: 1)
            try await log.append(Array(all[..<5]))
            // 10: too large, which lasts; 2: damaged; 6: not the leader, which librdkafka tries again by itself.
            for (code, expected) in [(Int32(10), 1), (2, 1), (6, 0)] {
                mock.fail(nextProduceRequests: 1, code: code)
                var failures = 0
                while true {
                    do {
                        try await log.append(Array(all[5...]))
                        break
                    } catch {
                        failures += 1
                    }
                }
                #expect(failures == expected, "code \(code)")
            }
            let seen = Recorder()
            let subscription = try await log.subscribe(
                SubscriptionOptions(group: "g", topics: ["t"]), handler: seen.handle)
            try await eventually { Set(seen.records.map(\.text)).count == 200 }
            #expect(firstSeen(seen.records.map { Int($0.text)! }) == Array(0..<200))
            await subscription.close()
            await log.close()
        }

        @Test(.enabled(if: TestBroker.isKillable, "needs a Kafka that can be killed"))
        func aKilledBrokerLosesNothing() async throws {
            let log = try broker.makeLog()
            let topic = try await topic(2, on: log)
            let seen = Recorder()
            let subscription = try await log.subscribe(
                SubscriptionOptions(group: uniqueName("group"), topics: [topic]), handler: seen.handle)
            let stored = Mutex(0)
            let feeding = Task {
                while stored.withLock({ $0 }) < 1000 {
                    let start = stored.withLock { $0 }
                    do {
                        try await log.append(records(topic, start..<start + 10))
                        stored.withLock { $0 = start + 10 }
                    } catch {
                        // The same again, as the relay does.
                    }
                    try await Task.sleep(nanoseconds: 2_000_000)
                }
            }
            try await seen.wait(for: 100)
            broker.kill()
            try broker.start()
            try await feeding.value
            // The broker is mostly away for longer than the session, and keeps the member that is gone for one more, and up
            // to 3 s: so for some 300 groups whose broker was killed. Once it took more than 30 s, and nobody knows why. A
            // request to join that is never answered would explain it: max.poll.interval and 3 s, then a session.
            try await eventually(seconds: 60) { Set(seen.records.map(\.text)).count == 1000 }
            for (key, records) in Dictionary(grouping: seen.records, by: \.key) {
                let numbers = firstSeen(records.map { Int($0.text)! })
                #expect(numbers == numbers.sorted(), "\(key)")
            }
            await subscription.close()
            await log.close()
        }
    }
}
