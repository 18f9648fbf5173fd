import EventLog
import Testing

struct KafkaOptionsTests {
    /// A wrong value and the name that the error must tell.
    private static let wrong: [(String, @Sendable (inout KafkaOptions) -> Void)] = [
        ("bootstrapServers", { $0.bootstrapServers = "" }),
        ("bootstrapServers", { $0.bootstrapServers = "kafka" }),
        ("bootstrapServers", { $0.bootstrapServers = "a:1,,b:2" }),
        ("bootstrapServers", { $0.bootstrapServers = "::1:9092" }),
        ("bootstrapServers", { $0.bootstrapServers = "a:70000" }),
        ("clientID", { $0.clientID = "" }),
        ("prefix", { $0.prefix = "a/b" }),
        ("linger", { $0.linger = -1 }),
        ("appendTimeout", { $0.appendTimeout = 0 }),
        ("sessionTimeout", { $0.sessionTimeout = 0 }),
        ("drainTimeout", { $0.drainTimeout = 1 << 40 }),
        ("queueRecords", { $0.queueRecords = 0 }),
        ("queueKilobytes", { $0.queueKilobytes = 0 }),
        ("prefetchRecords", { $0.prefetchRecords = 0 }),
        ("prefetchKilobytes", { $0.prefetchKilobytes = 0 }),
        ("replicationFactor", { $0.replicationFactor = 0 }),
        ("enable.auto.commit", { $0.properties = ["enable.auto.commit": "true"] }),
        ("acks", { $0.properties = ["acks": "1"] }),
        ("no.such.property", { $0.properties = ["no.such.property": "1"] }),
        ("security.protocol", { $0.properties = ["security.protocol": "magic"] }),
    ]

    @Test func eachErrorNamesItsOption() {
        for (name, change) in Self.wrong {
            var options = KafkaOptions(bootstrapServers: "127.0.0.1:9092")
            change(&options)
            let failure = #expect(throws: EventLogError.self) { _ = try KafkaLog(options: options) }
            #expect(failure?.description.contains(name) == true, "\(name): \(failure?.description ?? "")")
            #expect(failure?.isTemporary == false)
        }
    }

    @Test func goodOnesAreTaken() async throws {
        var options = KafkaOptions(bootstrapServers: "127.0.0.1:1,[::1]:1,kafka.example:9092")
        options.prefix = "tenant-1."
        options.properties = [
            "security.protocol": "sasl_plaintext", "sasl.mechanism": "PLAIN", "sasl.username": "u",
            "sasl.password": "p", "compression.type": "lz4", "fetch.message.max.bytes": "2000000",
        ]
        let log = try KafkaLog(options: options)
        await log.close()
    }

    @Test func topicsAreChecked() async throws {
        let log = try KafkaLog(options: KafkaOptions(bootstrapServers: "127.0.0.1:1"))
        for topic in [
            Topic(name: "", partitions: 1, retentionHours: 1), Topic(name: "a b", partitions: 1, retentionHours: 1),
            Topic(name: "a", partitions: 0, retentionHours: 1), Topic(name: "a", partitions: 1, retentionHours: -1),
        ] {
            let failure = await #expect(throws: EventLogError.self) { try await log.createTopics([topic]) }
            #expect(failure?.isTemporary == false)
        }
        await log.close()
    }
}
