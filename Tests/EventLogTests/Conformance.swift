import Core
import EventLog
import Testing

/// A backend as the conformance test sees it.
struct LogUnderTest: Sendable {
    /// Another client of the same stored log.
    let make: @Sendable () async throws -> any EventLog
    /// Ends a subscription as a killed process would: no commit, no goodbye.
    let abandon: @Sendable (any LogSubscription) async -> Void
}

/// What `EventLog` promises, for every backend. Each function makes its own topics and groups.
struct Conformance: Sendable {
    let log: LogUnderTest

    func topic(_ partitions: Int, on client: any EventLog) async throws -> String {
        let topic = uniqueName("topic")
        try await client.createTopics([Topic(name: topic, partitions: partitions, retentionHours: 1)])
        return topic
    }

    func record(_ topic: String, _ key: String, _ text: String) -> NewRecord {
        NewRecord(topic: topic, key: key, value: Array(text.utf8), headers: [:])
    }

    func topicsAreMadeOnce() async throws {
        let client = try await log.make()
        let topics = [Topic(name: uniqueName("a"), partitions: 3, retentionHours: 0)]
        try await client.createTopics(topics)
        try await client.append([record(topics[0].name, "k", "kept")])
        try await client.createTopics(topics + [Topic(name: uniqueName("b"), partitions: 1, retentionHours: 24)])
        let seen = Recorder()
        let subscription = try await client.subscribe(
            SubscriptionOptions(group: uniqueName("group"), topics: [topics[0].name]), handler: seen.handle)
        try await seen.wait(for: 1)
        await subscription.close()
        await client.close()
    }

    /// Whoever appends and reads behind it uses all of them; what was there stays, and one more is none less.
    func topicsGrow() async throws {
        let client = try await log.make()
        let topic = try await topic(2, on: client)
        let options = SubscriptionOptions(group: uniqueName("group"), topics: [topic])
        try await client.append((0..<40).map { record(topic, "key-\($0)", "before") })
        let before = Recorder()
        let reader = try await client.subscribe(options, handler: before.handle)
        try await before.wait(for: 40)
        await reader.close()
        for partitions in [6, 3] {
            try await client.grow([
                Topic(name: topic, partitions: partitions, retentionHours: 1),
                Topic(name: uniqueName("nowhere"), partitions: partitions, retentionHours: 1),
            ])
        }
        await client.close()
        let anew = try await log.make()
        try await anew.append((0..<200).map { record(topic, "key-\($0)", "after") })
        let after = Recorder()
        let subscription = try await anew.subscribe(options, handler: after.handle)
        try await after.wait(for: 200)
        await subscription.close()
        await anew.close()
        #expect(Set(before.records.map(\.partition)) == [0, 1])
        #expect(Set(after.records.map(\.partition)) == Set(0..<6))
        #expect(after.records.count == 200 && after.records.allSatisfy { $0.text == "after" })
    }

    func keysKeepTheirOrder() async throws {
        let (keys, rounds) = (20, 15)
        let clients = [try await log.make(), try await log.make()]
        let topic = try await topic(4, on: clients[0])
        let seen = Recorder()
        let subscription = try await clients[0].subscribe(
            SubscriptionOptions(group: uniqueName("group"), topics: [topic], batch: 7), handler: seen.handle)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (index, client) in clients.enumerated() {
                group.addTask {
                    for round in 0..<rounds {
                        // Two of each key in one append: order holds inside of it too.
                        let records = (0..<keys * 2).map {
                            record(topic, "key-\($0 % keys)", "\(index):\(round * 2 + $0 / keys)")
                        }
                        try await client.append(records)
                    }
                }
            }
            try await group.waitForAll()
        }
        try await seen.wait(for: keys * rounds * 2 * 2)
        await subscription.close()
        let partitions = Dictionary(grouping: seen.records, by: \.key).mapValues { Set($0.map(\.partition)) }
        #expect(partitions.count == keys && partitions.values.allSatisfy { $0.count == 1 })
        for (key, records) in Dictionary(grouping: seen.records, by: \.key) {
            for index in clients.indices {
                let numbers = records.map(\.text).filter { $0.hasPrefix("\(index):") }.map { Int($0.dropFirst(2)) }
                #expect(firstSeen(numbers) == Array(0..<rounds * 2), "\(key) of appender \(index)")
            }
        }
        for client in clients { await client.close() }
    }

    func failedBatchesComeAgain() async throws {
        let client = try await log.make()
        let topic = try await topic(3, on: client)
        let seen = Recorder()
        let failed = Recorder()
        let subscription = try await client.subscribe(
            SubscriptionOptions(group: uniqueName("group"), topics: [topic], batch: 5)
        ) { batch in
            // Each fourth record fails on its first visit.
            let isNew = batch.contains { record in
                Int(record.text)! % 4 == 0 && !failed.records.contains { $0.text == record.text }
            }
            if isNew {
                try await failed.handle(batch)
                throw EventLogError("on purpose", isTemporary: true)
            }
            try await seen.handle(batch)
        }
        for start in stride(from: 0, to: 120, by: 10) {
            try await client.append((start..<start + 10).map { record(topic, "key-\($0 % 6)", "\($0)") })
        }
        try await seen.wait(for: 120)
        await subscription.close()
        for (key, records) in Dictionary(grouping: seen.records, by: \.key) {
            let numbers = firstSeen(records.map { Int($0.text)! })
            #expect(numbers == numbers.sorted() && numbers.count == 20, "\(key)")
        }
        #expect(failed.records.count >= 30)
        // The same batch: what failed was seen later, in the same company.
        #expect(Set(failed.records.map(\.offsetName)).isSubset(of: Set(seen.records.map(\.offsetName))))
        await client.close()
    }

    func aFailureStopsItsPartitionOnly() async throws {
        let client = try await log.make()
        let topic = try await topic(4, on: client)
        try await client.append((0..<40).map { record(topic, "key-\($0)", "\($0)") })
        let all = Recorder()
        let good = Recorder()
        let subscription = try await client.subscribe(
            SubscriptionOptions(group: uniqueName("group"), topics: [topic], batch: 10)
        ) { batch in
            try await all.handle(batch)
            if batch[0].partition == 1 { throw EventLogError("on purpose", isTemporary: true) }
            try await good.handle(batch)
        }
        try await eventually { Set(all.records.map(\.text)).count >= Set(good.records.map(\.text)).count + 1 }
        try await eventually { all.batches.filter { $0[0].partition == 1 }.count >= 3 }
        try await eventually { Set(good.records.map(\.partition)) == [0, 2, 3] }
        let repeated = all.batches.filter { $0[0].partition == 1 }
        #expect(repeated.allSatisfy { $0 == repeated[0] })
        await subscription.close()
        await client.close()
    }

    func positionStaysAfterClose() async throws {
        let client = try await log.make()
        let topic = try await topic(2, on: client)
        let group = uniqueName("group")
        try await client.append((0..<100).map { record(topic, "key-\($0)", "\($0)") })
        let first = Recorder(pause: 20)
        let options = SubscriptionOptions(group: group, topics: [topic], batch: 5)
        let subscription = try await client.subscribe(options, handler: first.handle)
        try await first.wait(for: 30)
        await subscription.close()
        let handled = first.records.count
        #expect(handled < 100, "the test wants to stop in the middle")
        await client.close()

        let next = try await log.make()
        let second = Recorder()
        let again = try await next.subscribe(options, handler: second.handle)
        try await eventually { Set((first.records + second.records).map(\.text)).count == 100 }
        await again.close()
        #expect(first.records.count == handled, "a handler ran after close")
        #expect(Set(first.records.map(\.text)).isDisjoint(with: second.records.map(\.text)))
        await next.close()
    }

    func nothingIsLostByAKill() async throws {
        let client = try await log.make()
        let topic = try await topic(2, on: client)
        let options = SubscriptionOptions(group: uniqueName("group"), topics: [topic], batch: 5)
        try await client.append((0..<100).map { record(topic, "key-\($0)", "\($0)") })
        let started = Recorder()
        let first = Recorder()
        let subscription = try await client.subscribe(options) { batch in
            try await started.handle(batch)
            // Some batches end, then one in each partition never does, and what is behind it has been read.
            if first.batches.count >= 4 { try await Task.sleep(nanoseconds: 600_000_000_000) }
            try await first.handle(batch)
        }
        try await eventually {
            Set(started.batches[min(4, started.batches.count)...].map { $0[0].partition }).count == 2
        }
        // Time to store positions, wrong ones too.
        try await Task.sleep(nanoseconds: 700_000_000)
        await log.abandon(subscription)
        let handled = Set(first.records.map(\.text))

        let next = try await log.make()
        let second = Recorder()
        let again = try await next.subscribe(options, handler: second.handle)
        try await eventually(seconds: 40) { handled.union(second.records.map(\.text)).count == 100 }
        await again.close()
        await next.close()
        await client.close()
    }

    func partitionsRunSideBySide() async throws {
        let client = try await log.make()
        let topic = try await topic(4, on: client)
        try await client.append((0..<400).map { record(topic, "key-\($0 % 40)", "\($0)") })
        let seen = Recorder(pause: 20)
        let subscription = try await client.subscribe(
            SubscriptionOptions(group: uniqueName("group"), topics: [topic], batch: 20), handler: seen.handle)
        try await seen.wait(for: 400)
        await subscription.close()
        #expect(seen.mostAtOnceInAPartition == 1)
        #expect(seen.mostAtOnce > 1)
        #expect(seen.batches.allSatisfy { !$0.isEmpty && $0.count <= 20 })
        #expect(seen.batches.allSatisfy { Set($0.map(\.partition)).count == 1 })
        #expect(seen.batches.contains { $0.count > 10 }, "batches are gathered")
        await client.close()
    }

    func recordsStayIntact() async throws {
        let client = try await log.make()
        let topic = try await topic(2, on: client)
        let large = (0..<900 * 1024).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }
        let records = [
            NewRecord(
                topic: topic, key: "κλειδί/1", value: Array(0...255),
                headers: [
                    "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "leer": "", "ß": "→",
                ]
            ),
            NewRecord(topic: topic, key: "empty", value: [], headers: [:]),
            NewRecord(topic: topic, key: "", value: [0], headers: ["only": "header"]),
            NewRecord(topic: topic, key: "large", value: large, headers: [:]),
        ]
        try await client.append(records)
        let seen = Recorder()
        let subscription = try await client.subscribe(
            SubscriptionOptions(group: uniqueName("group"), topics: [topic]), handler: seen.handle)
        try await seen.wait(for: records.count)
        await subscription.close()
        for record in records {
            let read = seen.records.first { $0.key == record.key }
            #expect(read?.value == record.value, "\(record.key)")
            #expect(read?.headers == record.headers)
            #expect(read?.topic == topic)
        }
        await client.close()
    }

    func eachGroupGetsAll() async throws {
        let client = try await log.make()
        let topics = [try await topic(2, on: client), try await topic(1, on: client)]
        let groups = [Recorder(), Recorder()]
        var subscriptions: [any LogSubscription] = []
        for seen in groups {
            subscriptions.append(
                try await client.subscribe(
                    SubscriptionOptions(group: uniqueName("group"), topics: topics), handler: seen.handle))
        }
        try await client.append((0..<50).map { record(topics[$0 % 2], "key-\($0)", "\($0)") })
        for seen in groups {
            try await seen.wait(for: 50)
            #expect(Set(seen.records.map(\.topic)) == Set(topics))
        }
        for subscription in subscriptions { await subscription.close() }
        await client.close()
    }

    func closeWaitsForTheHandler() async throws {
        let client = try await log.make()
        let topic = try await topic(1, on: client)
        let options = SubscriptionOptions(group: uniqueName("group"), topics: [topic])
        try await client.append([record(topic, "k", "first")])
        let started = Recorder()
        let ended = Recorder()
        let subscription = try await client.subscribe(options) { batch in
            try await started.handle(batch)
            try await Task.sleep(nanoseconds: 700_000_000)
            try await ended.handle(batch)
        }
        try await started.wait(for: 1)
        await subscription.close()
        #expect(ended.records.map(\.text) == ["first"])

        try await client.append([record(topic, "k", "second")])
        let next = Recorder()
        let again = try await client.subscribe(options, handler: next.handle)
        try await next.wait(for: 1)
        #expect(next.records.map(\.text) == ["second"], "close has committed what was in hand")
        await again.close()
        await client.close()
    }

    func itIsKnownHowOldRecordsAre() async throws {
        let client = try await log.make()
        let topic = try await topic(3, on: client)
        let (now, minute) = (SystemClock().milliseconds(), 60_000 as Int64)
        #expect(try await !client.hasRecords(in: topic, before: now + minute), "there are none")
        try await client.append([record(topic, "k", "young")])
        #expect(try await client.hasRecords(in: topic, before: now + minute))
        #expect(try await !client.hasRecords(in: topic, before: now - minute))
        await client.close()
    }

    func aClosedLogSaysSo() async throws {
        let client = try await log.make()
        let topic = try await topic(1, on: client)
        await client.close()
        let failure = await #expect(throws: EventLogError.self) {
            try await client.append([record(topic, "k", "late")])
        }
        #expect(failure?.isTemporary == false)
        await #expect(throws: EventLogError.self) {
            _ = try await client.subscribe(SubscriptionOptions(group: "g", topics: [topic])) { _ in }
        }
    }
}
