import Consumers
import Core
import EventLog
import Store
import Synchronization
import Testing

/// What `ConsumerGroup` makes of a log.
extension Conformance {
    private static let quick = RetrySchedule(seconds: [0.3, 0.6])

    /// A group that runs.
    private func group(
        _ name: String, _ topic: String, on client: any EventLog, _ policy: FailurePolicy = .park(quick),
        handler: @escaping OutcomeHandler
    ) async throws -> (group: ConsumerGroup, groups: ConsumerGroups) {
        let database = try await TestPostgres.database.value
        let group = ConsumerGroup(
            SubscriptionOptions(group: name, topics: [topic], batch: 20), policy, log: client, database: database,
            clock: SystemClock(), handler: handler)
        let groups = ConsumerGroups([group], database: database)
        try await groups.start()
        return (group, groups)
    }

    private func letters(_ group: String) async throws -> [DeadLetter] {
        var filter = DeadLetterFilter()
        filter.group = group
        return try await DeadLetters(database: try await TestPostgres.database.value).list(filter, limit: 100)
    }

    private func parked(_ group: String) async throws -> Int {
        try await DeadLetters(database: try await TestPostgres.database.value).parked()[group] ?? 0
    }

    func aTurnIsNeverBesideABatch() async throws {
        let client = try await log.make()
        let topic = try await topic(1, on: client)
        let events = Mutex<[String]>([])
        @Sendable func note(_ text: String) { events.withLock { $0.append(text) } }
        try await client.append((0..<5).map { record(topic, "k", "\($0)") })
        let isBusy = Mutex(false)
        let subscription = try await client.subscribe(
            SubscriptionOptions(group: uniqueName("group"), topics: [topic], batch: 1),
            turn: { turn in
                #expect(!isBusy.withLock { $0 }, "beside a batch")
                note(turn.isFirst ? "first" : "turn")
                try await Task.sleep(nanoseconds: 30_000_000)
                if events.withLock({ $0.filter { $0 == "first" }.count == 1 }) {
                    throw EventLogError("on purpose", isTemporary: true)
                }
                return turn.isFirst ? 100 : nil
            },
            handler: { batch in
                isBusy.withLock { $0 = true }
                try await Task.sleep(nanoseconds: 20_000_000)
                note(batch[0].text)
                isBusy.withLock { $0 = false }
            })
        try await eventually { events.withLock { $0.contains("4") && $0.contains("turn") } }
        #expect(
            events.withLock { Array($0.prefix(3)) } == ["first", "first", "0"], "it comes first, and until it is well")
        #expect(events.withLock { $0.filter { $0 == "turn" }.count } == 1)
        subscription.wake(topic: topic, partition: 0)
        try await eventually { events.withLock { $0.filter { $0 == "turn" }.count == 2 } }
        await subscription.close()
        await client.close()
    }

    func poisonIsADeadLetter() async throws {
        let client = try await log.make()
        let topic = try await topic(2, on: client)
        try await client.createTopics([Topic(name: DeadLetters.topic, partitions: 2, retentionHours: 1)])
        let name = uniqueName("group")
        let poison = NewRecord(
            topic: topic, key: "schlüssel", value: [0, 255, 254], headers: ["event-type": "?", "leer": ""])
        try await client.append([record(topic, "schlüssel", "before"), poison, record(topic, "schlüssel", "behind")])
        let seen = Recorder()
        let (_, groups) = try await group(name, topic, on: client) { batch in
            var outcomes = Outcomes()
            for record in batch where record.value.first == 0 { outcomes[record] = .malformed }
            try await seen.handle(batch.filter { outcomes[$0] == .done })
            return outcomes
        }
        try await seen.wait(for: 2)
        #expect(seen.records.map(\.text) == ["before", "behind"])
        let dead = Recorder()
        let reader = try await client.subscribe(
            SubscriptionOptions(group: uniqueName("group"), topics: [DeadLetters.topic]),
            handler: { batch in try await dead.handle(batch.filter { $0.headers["dead-group"] == name }) })
        try await dead.wait(for: 1)
        let letter = dead.records[0]
        #expect(letter.key == poison.key && letter.value == poison.value)
        #expect(letter.headers.filter { !$0.key.hasPrefix("dead-") } == poison.headers)
        #expect(letter.headers["dead-topic"] == topic && letter.headers["dead-reason"] == "malformed")
        #expect(letter.headers["dead-attempts"] == "1" && letter.headers["dead-error"] == "it is no event")
        try await eventually { try await letters(name).count == 1 }
        let row = try await letters(name)[0]
        #expect(row.frame.key == Array("schlüssel".utf8) && row.reason == "malformed" && row.bytes == 3)
        await reader.close()
        await groups.close()
        await client.close()
    }

    /// Nobody else waits for it, and it comes neither too early nor before those of its key that were first.
    func whatFailsComesAgainWithItsKey() async throws {
        let client = try await log.make()
        let topic = try await topic(2, on: client)
        let name = uniqueName("group")
        let tries = Mutex<[(at: Int64, attempts: Int)]>([])
        let seen = Recorder()
        let (_, groups) = try await group(name, topic, on: client) { batch in
            if let bad = batch.first(where: { $0.text == "bad" }), bad.attempts < 2 {
                if batch.count == 1 { tries.withLock { $0.append((SystemClock().milliseconds(), bad.attempts)) } }
                throw PgError(sqlState: "23514", message: "on purpose")
            }
            try await seen.handle(batch)
            return .done
        }
        try await client.append([record(topic, "a", "1"), record(topic, "a", "bad"), record(topic, "a", "2")])
        try await client.append((0..<50).map { record(topic, "key-\($0)", "others") })
        try await eventually(seconds: 10) { seen.records.filter { $0.text == "others" }.count == 50 }
        #expect(tries.withLock { $0.count } <= 2, "others don't wait for it")
        try await client.append([record(topic, "a", "3")])
        try await eventually(seconds: 10) { seen.records.filter { $0.key == "a" }.count == 4 }
        #expect(seen.records.filter { $0.key == "a" }.map(\.text) == ["1", "bad", "2", "3"])
        let times = tries.withLock { $0 }
        #expect(times.map(\.attempts) == [0, 1])
        #expect(times[1].at - times[0].at >= 300 && times[1].at - times[0].at < 300 + 60 + 300)
        try await eventually { try await parked(name) == 0 }
        #expect(try await letters(name).isEmpty)
        await groups.close()
        await client.close()
    }

    func anOutageParksNothing() async throws {
        let client = try await log.make()
        let topic = try await topic(1, on: client)
        let name = uniqueName("group")
        let (tried, seen) = (Recorder(), Recorder())
        let (_, groups) = try await group(name, topic, on: client) { batch in
            try await tried.handle(batch)
            if tried.batches.count < 5 { throw PgError(sqlState: "57P03", message: "it starts") }
            try await seen.handle(batch)
            return .done
        }
        try await client.append((0..<3).map { record(topic, "k", "\($0)") })
        try await seen.wait(for: 3)
        #expect(
            tried.batches.count >= 5 && tried.batches.prefix(5).allSatisfy { $0 == tried.batches[0] },
            "the same batch, until all is well")
        #expect(try await parked(name) == 0)
        #expect(seen.records.map(\.text) == ["0", "1", "2"] && seen.records.allSatisfy { $0.attempts == 0 })
        await groups.close()
        await client.close()
    }

    func attemptsSurviveAKill() async throws {
        let client = try await log.make()
        let topic = try await topic(1, on: client)
        let name = uniqueName("group")
        let failed = Mutex<[(at: Int64, attempts: Int)]>([])
        let handler: OutcomeHandler = { batch in
            var outcomes = Outcomes()
            for record in batch {
                failed.withLock { $0.append((SystemClock().milliseconds(), record.attempts)) }
                outcomes[record] = .again(Outcome.Again("not now"))
            }
            return outcomes
        }
        let slow = FailurePolicy.park(RetrySchedule(seconds: [3, 0.1]))
        let (first, dying) = try await group(name, topic, on: client, slow, handler: handler)
        try await client.append([record(topic, "k", "once")])
        try await eventually { try await parked(name) == 1 }
        await log.abandon(try #require(first.opened))

        let next = try await log.make()
        let (_, groups) = try await group(name, topic, on: next, slow, handler: handler)
        try await eventually(seconds: 40) { try await letters(name).count == 1 }
        let times = failed.withLock { $0 }
        // The kill may have come before the position was stored: then the row is there, and it is not tried again.
        #expect(times.map(\.attempts) == [0, 1, 2])
        #expect(times[1].at - times[0].at >= 3000, "it keeps its time")
        let letter = try await letters(name)[0]
        #expect(letter.reason == "exhausted" && letter.attempts == 3)
        #expect(try await parked(name) == 0)
        await groups.close()
        await dying.close()
        await next.close()
        await client.close()
    }

    func theDeadComeBackOnce() async throws {
        let client = try await log.make()
        let topic = try await topic(2, on: client)
        try await client.createTopics([Topic(name: DeadLetters.topic, partitions: 2, retentionHours: 1)])
        let name = uniqueName("group")
        let isMended = Mutex(false)
        let seen = Recorder()
        let (_, groups) = try await group(name, topic, on: client) { batch in
            var outcomes = Outcomes()
            guard isMended.withLock({ $0 }) else {
                for record in batch { outcomes[record] = .dead(Outcome.Death(.refused, "on purpose", provider: "p")) }
                return outcomes
            }
            for record in batch where record.text == "5" { outcomes[record] = .malformed }
            try await seen.handle(batch)
            return outcomes
        }
        try await client.append((0..<200).map { record(topic, "key-\($0 % 7)", "\($0)") })
        let store = DeadLetters(database: try await TestPostgres.database.value)
        var refused = DeadLetterFilter()
        (refused.group, refused.provider) = (name, "p")
        let filter = refused
        try await eventually { try await store.matching(filter).matching == 200 }
        isMended.withLock { $0 = true }
        let database = try await TestPostgres.database.value
        let now = SystemClock().milliseconds() + 1000
        try await database.query(DeadLetters.begin(filter, rate: 120, now: now))
        // Two that are killed on the way, and what is left of them.
        for _ in 0..<2 {
            let killed = Task { try await store.step() }
            try await Task.sleep(nanoseconds: 1_000_000)
            killed.cancel()
            _ = try? await killed.value
        }
        try await eventually(seconds: 20) {
            _ = try await store.step()
            return seen.records.count >= 200
        }
        try await eventually { try await parked(name) == 0 }
        #expect(seen.records.count == 200 && Set(seen.records.map(\.text)).count == 200, "each once")
        for (key, records) in Dictionary(grouping: seen.records, by: \.key) {
            let numbers = records.map { Int($0.text)! }
            #expect(numbers == numbers.sorted(), "\(key)")
        }
        // The one that died again is there again, and not for ever.
        refused.provider = nil
        let all = refused
        for round in 1...DeadLetters.mostRedrives {
            try await eventually { try await store.list(all, limit: 9).map(\.redrives) == [round] }
            try await database.query(DeadLetters.begin(all, rate: 100, now: now + 60_000))
            try await eventually {
                _ = try await store.step()
                return try await store.list(all, limit: 9).allSatisfy { $0.redrives > round }
                    || round == DeadLetters.mostRedrives
            }
        }
        let (matching, tooOften) = try await store.matching(all)
        #expect(matching == 0 && tooOften == 1)
        #expect(try await store.database.query(DeadLetters.purge(all, limit: 10)).count == 1)
        #expect(try await store.list(all, limit: 9).isEmpty)
        await groups.close()
        await client.close()
    }
}
