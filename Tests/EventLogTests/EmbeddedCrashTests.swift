import EmbeddedLog
import EventLog
import Store
import Testing

/// PostgreSQL loses the end of the log with a crash, for it does not wait for the disk.
@Suite struct EmbeddedCrashTests {
    /// What is written behind the crash has other offsets than what was lost, so whoever has read that gets it.
    @Test(arguments: [false, true]) func noOffsetIsGivenTwice(isAnswerLost: Bool) async throws {
        let database = try await TestPostgres.database.value
        let log = EmbeddedLog(database: database)
        // Where the answer to the append was lost with the crash, only the reader knows the offset.
        let other = EmbeddedLog(database: database)
        let topic = uniqueName("crash")
        for log in [log, other] { try await log.createTopics([Topic(name: topic, partitions: 1, retentionHours: 1)]) }
        let recorder = Recorder()
        let subscription = try await log.subscribe(
            SubscriptionOptions(group: uniqueName("group"), topics: [topic]), handler: recorder.handle)
        func record(_ text: String) -> NewRecord {
            NewRecord(topic: topic, key: "key", value: Array(text.utf8), headers: [:])
        }
        try await log.append([record("kept")])
        try await recorder.wait(for: 1)
        try await (isAnswerLost ? other : log).append([record("lost")])
        try await recorder.wait(for: 2)
        try await database.batch([
            "DELETE FROM log_records WHERE topic = \(topic) AND log_offset = 1",
            "UPDATE log_partitions SET next = 1 WHERE topic = \(topic)",
        ])
        try await log.append([record("new"), record("newer")])
        try await recorder.wait(for: 4)
        #expect(
            recorder.records.map { String(decoding: $0.value, as: UTF8.self) } == ["kept", "lost", "new", "newer"])
        #expect(recorder.records.map(\.offset) == [0, 1, 2, 3])
        await subscription.close()
        for log in [log, other] { await log.close() }
    }
}
