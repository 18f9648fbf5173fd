public import Core

/// One entry of a timeline as it is in Redis: 22 bytes, big-endian. Post id 7, position 7, author id 7, flags 1.
///
/// The last entry of a list is the marker. Its post id is 0, so it is older than every post; its author slot says from
/// which post id on the list is complete, its position which events the list can no longer tell.
public struct TimelineEntry: Equatable, Sendable {
    public static let size = 22

    public struct Flags: OptionSet, Sendable {
        public let rawValue: UInt8
        public init(rawValue: UInt8) { self.rawValue = rawValue }
        /// The post was deleted; the entry keeps its place so that a late copy does not bring it back.
        public static let tombstone = Flags(rawValue: 1)
        public static let marker = Flags(rawValue: 2)
        /// On a marker: the list is being rebuilt, what is older may be missing.
        public static let building = Flags(rawValue: 4)
        /// The post was edited after it came into the list.
        public static let edited = Flags(rawValue: 8)
        /// A follow brought the post in, and live clients were not told. Should its delivery still come, it is told.
        public static let untold = Flags(rawValue: 16)
    }

    public let post: ID
    /// When the entry last changed: microseconds since 1970 that grow strictly in a partition; 0 for an entry that was
    /// merged from the database, which no live client waits for.
    public let position: Int64
    public let author: ID
    public let flags: Flags

    public init(post: ID, position: Int64, author: ID, flags: Flags = []) {
        self.post = post
        self.position = position
        self.author = author
        self.flags = flags
    }

    public enum Reading: Equatable, Sendable {
        case entry(TimelineEntry)
        /// Written by a later version: it has flags that are not known here, or is longer. What about it, for a log line.
        case unknown(String)
        /// Shorter, or with a number of 2^53 or more.
        case malformed
    }

    public static func read(_ bytes: [UInt8]) -> Reading {
        var reader = ByteReader(bytes)
        guard let post = reader.timelineNumber(), let position = reader.timelineNumber(),
            let author = reader.timelineNumber(), let flags = reader.unsigned(width: 1)
        else { return .malformed }
        guard flags < 32, reader.remaining == 0 else { return .unknown("flags \(flags), \(bytes.count) bytes") }
        return .entry(
            TimelineEntry(
                post: ID(raw: post), position: position, author: ID(raw: author), flags: Flags(rawValue: UInt8(flags))))
    }

    /// `nil` for what is not known here, and for what is malformed.
    public init?(_ bytes: [UInt8]) {
        guard case .entry(let entry) = Self.read(bytes) else { return nil }
        self = entry
    }

    public var bytes: [UInt8] {
        var writer = ByteWriter(capacity: Self.size)
        writer.append(bigEndian: UInt64(post.raw), width: 7)
        writer.append(bigEndian: UInt64(position), width: 7)
        writer.append(bigEndian: UInt64(author.raw), width: 7)
        writer.append(flags.rawValue)
        return writer.bytes
    }

    public var isMarker: Bool { flags.contains(.marker) }
    public var isTombstone: Bool { flags.contains(.tombstone) }

    /// Of a marker: the list holds every post of the timeline from this id on; zero: all there are.
    public var completeFrom: ID { author }
}

extension ByteReader {
    /// Seven bytes below 2^53: what Lua's and JavaScript's numbers hold exactly.
    mutating func timelineNumber() -> Int64? {
        unsigned(width: 7).flatMap { $0 < 1 << 53 ? Int64($0) : nil }
    }
}
