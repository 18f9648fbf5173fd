/// How to reach Kafka and how to behave there. The defaults suit a small cluster.
public struct KafkaOptions: Sendable, Equatable {
    /// `host:port`, several separated by commas.
    public var bootstrapServers: String
    /// What the brokers' logs and quotas call this process.
    public var clientID = "martlet"
    /// Comes before the names of topics and groups, so that tenants and tests share a broker. Callers of the log
    /// never see it.
    public var prefix = ""
    /// Milliseconds that a record waits for company on its way to the broker.
    public var linger = 0
    /// Milliseconds until an append gives up.
    public var appendTimeout = 30_000
    /// Milliseconds after which the group gives away the partitions of a member that was killed.
    public var sessionTimeout = 10_000
    /// Milliseconds that a batch in hand may take when its partition moves or the subscription closes.
    public var drainTimeout = 10_000
    /// Records and kilobytes that wait for the broker in this process, before `append` waits.
    public var queueRecords = 100_000
    public var queueKilobytes = 65_536
    /// Records and kilobytes read ahead for each partition. A partition with more than this is fetched again only
    /// up to a second later (librdkafka 2.0.2), so it should hold what the handlers do in a second.
    public var prefetchRecords = 10_000
    public var prefetchKilobytes = 4096
    /// Copies of a new topic; -1: the broker's default.
    public var replicationFactor = -1
    /// How many copies of a new topic have to have a record before it counts as written; `nil`: the broker's default.
    public var inSyncReplicas: Int?
    /// Further properties of librdkafka by name, such as `security.protocol`, `sasl.username`, `ssl.ca.location`.
    public var properties: [String: String] = [:]

    public init(bootstrapServers: String) {
        self.bootstrapServers = bootstrapServers
    }
}

extension KafkaOptions {
    /// What the promises of `EventLog` hang on, and what has its own field here.
    private static let reserved: Set<String> = [
        "acks", "allow.auto.create.topics", "auto.commit.enable", "auto.offset.reset", "bootstrap.servers",
        "client.id", "enable.auto.commit", "enable.auto.offset.store", "enable.gapless.guarantee",
        "enable.idempotence", "enable.partition.eof", "group.id", "linger.ms", "max.in.flight",
        "max.in.flight.requests.per.connection", "max.poll.interval.ms", "message.timeout.ms",
        "metadata.broker.list", "partition.assignment.strategy", "partitioner", "queue.buffering.max.kbytes",
        "queue.buffering.max.messages", "queue.buffering.max.ms", "queued.max.messages.kbytes",
        "queued.min.messages", "request.required.acks", "retries", "session.timeout.ms", "transactional.id",
        "delivery.timeout.ms", "message.send.max.retries", "heartbeat.interval.ms", "test.mock.num.brokers",
    ]

    /// Throws an error that names the wrong field, its value and what it takes. The names and values of
    /// `properties` are checked by librdkafka when the first client is made.
    func check() throws(EventLogError) {
        guard Self.isServerList(bootstrapServers) else {
            throw Self.wrong("bootstrapServers", bootstrapServers, "host:port, several separated by commas")
        }
        guard !clientID.isEmpty, !clientID.contains("\0") else { throw Self.wrong("clientID", clientID, "a name") }
        guard Self.isPrefix(prefix) else {
            throw Self.wrong("prefix", prefix, "at most 100 of a-z A-Z 0-9 . _ -")
        }
        try check("linger", linger, 0...1000)
        try check("appendTimeout", appendTimeout, 100...3_600_000)
        try check("sessionTimeout", sessionTimeout, 1000...1_800_000)
        try check("drainTimeout", drainTimeout, 100...600_000)
        try check("queueRecords", queueRecords, 1...10_000_000)
        try check("queueKilobytes", queueKilobytes, 1...2_097_151)
        try check("prefetchRecords", prefetchRecords, 1...1_000_000)
        try check("prefetchKilobytes", prefetchKilobytes, 1...1_048_576)
        guard replicationFactor == -1 || (1...1000).contains(replicationFactor) else {
            throw Self.wrong("replicationFactor", String(replicationFactor), "-1 or 1 to 1000")
        }
        if let inSyncReplicas { try check("inSyncReplicas", inSyncReplicas, 1...1000) }
        if let name = properties.keys.sorted().first(where: Self.reserved.contains) {
            throw EventLogError("Kafka property \(name) is set by Martlet itself", isTemporary: false)
        }
    }

    /// Whether a text is a list of brokers.
    public static func isServerList(_ text: String) -> Bool {
        text.split(separator: ",", omittingEmptySubsequences: false).allSatisfy(isAddress)
    }

    /// Whether a text can be the prefix of the names of topics and groups.
    public static func isPrefix(_ text: String) -> Bool { text.utf8.count <= 100 && text.utf8.allSatisfy(isNameByte) }

    private func check(_ name: String, _ value: Int, _ range: ClosedRange<Int>) throws(EventLogError) {
        guard range.contains(value) else {
            throw Self.wrong(name, String(value), "\(range.lowerBound) to \(range.upperBound)")
        }
    }

    private static func wrong(_ name: String, _ value: String, _ expected: String) -> EventLogError {
        EventLogError("Kafka option \(name) is '\(value)', expected \(expected)", isTemporary: false)
    }

    /// `host:port`; an IPv6 address in brackets.
    private static func isAddress(_ text: Substring) -> Bool {
        guard let colon = text.lastIndex(of: ":"), let port = Int(text[text.index(after: colon)...]) else {
            return false
        }
        let host = text[..<colon]
        let bracketed = host.hasPrefix("[") && host.hasSuffix("]")
        return (1...65_535).contains(port) && !host.isEmpty && (bracketed || !host.contains(":"))
            && !host.contains(where: { $0.isWhitespace || $0 == "\0" })
    }

    /// What Kafka allows in the name of a topic.
    static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
            true
        default: false
        }
    }
}
