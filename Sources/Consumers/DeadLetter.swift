import Core
public import EventLog
import Store

/// A record that a group could not do, and will not by itself.
public struct DeadLetter: Sendable {
    public let id: Int64
    public let group: String
    public let topic: String
    public let partition: Int
    public let offset: Int64
    /// Key and headers as they are in the log.
    public let frame: RawRecord
    /// How often it was tried.
    public let attempts: Int
    /// Milliseconds since 1970: the first time.
    public let failedAt: Int64
    /// Milliseconds since 1970.
    public let diedAt: Int64
    public let reason: String
    public let error: String
    public let provider: String?
    /// How often it was redriven.
    public let redrives: Int
    public let bytes: Int

    static let columns: SQL = """
        id, consumer_group, topic, partition, log_offset, frame, attempts, reason, error, provider, redrives,
        (extract(epoch FROM failed_at) * 1000)::bigint AS failed_at,
        (extract(epoch FROM died_at) * 1000)::bigint AS died_at, octet_length(value) AS bytes
        """

    init(_ row: PgRow) throws {
        id = try row.integer("id")
        group = try row.text("consumer_group")
        topic = try row.text("topic")
        partition = try row.int("partition")
        offset = try row.integer("log_offset")
        guard let frame = RawRecord(bytes: try row.bytes("frame")) else { throw PgError.unreadable("a frame") }
        self.frame = frame
        attempts = try row.int("attempts")
        (failedAt, diedAt) = (try row.integer("failed_at"), try row.integer("died_at"))
        (reason, error) = (try row.text("reason"), try row.text("error"))
        provider = try row.optionalText("provider")
        redrives = try row.int("redrives")
        bytes = try row.int("bytes")
    }
}

/// Which dead letters; what is `nil` chooses all.
public struct DeadLetterFilter: Sendable, Equatable {
    public var group: String?
    public var reason: String?
    public var provider: String?
    public var ids: [Int64]?
    /// Milliseconds since 1970, when they died: from this on, and before that.
    public var after: Int64?
    public var before: Int64?

    public init() {}

    public var choosesAll: Bool { self == DeadLetterFilter() }

    var condition: SQL {
        var all: SQL = "d.redriven_at IS NULL"
        if let group { all = "\(all) AND d.consumer_group = \(group)" }
        if let reason { all = "\(all) AND d.reason = \(reason)" }
        if let provider { all = "\(all) AND d.provider = \(provider)" }
        if let ids { all = "\(all) AND d.id = ANY (\(ids)::bigint[])" }
        if let after { all = "\(all) AND d.died_at >= to_timestamp(\(after)::bigint / 1000.0)" }
        if let before { all = "\(all) AND d.died_at < to_timestamp(\(before)::bigint / 1000.0)" }
        return all
    }
}
