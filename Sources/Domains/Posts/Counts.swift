public import Core
public import HTTPService
public import Store

/// How often an object was liked, answered, seen: the same for all. The larger version is the newer one.
public struct Counts: Sendable, Equatable {
    public var likes: Int64
    /// Of a post its comments. Without deleted ones.
    public var replies: Int64
    /// About: within 3 %, and up to an hour late.
    public var views: Int64
    /// Grows with likes and replies, not with views.
    public var version: Int64

    public init(likes: Int64 = 0, replies: Int64 = 0, views: Int64 = 0, version: Int64 = 0) {
        (self.likes, self.replies, self.views, self.version) = (likes, replies, views, version)
    }

    /// Of a row with `Counters.column`.
    public init(_ row: PgRow) throws(PgError) {
        let text = try row.text("counts")
        // Nothing was counted yet.
        guard !text.isEmpty else {
            self.init()
            return
        }
        let numbers = text.utf8.split(separator: UInt8(ascii: " ")).compactMap { Int64(Substring($0)) }
        guard numbers.count == 4 else { throw .unreadable("column counts: four numbers were expected") }
        self.init(likes: numbers[0], replies: numbers[1], views: numbers[2], version: numbers[3])
    }

    /// `,"counts":{…}`, of a post.
    func append(to writer: inout ByteWriter) {
        writer.append(ascii: ",\"counts\":{")
        appendNumbers(to: &writer)
        writer.append(ascii: "}")
    }

    /// `"likes":…,"comments":…,"views":…,"version":…`, of a post.
    public func appendNumbers(to writer: inout ByteWriter) {
        writer.append(ascii: "\"likes\":")
        writer.append(decimal: likes)
        writer.append(ascii: ",\"comments\":")
        writer.append(decimal: replies)
        writer.append(ascii: ",\"views\":")
        writer.append(decimal: views)
        writer.append(ascii: ",\"version\":")
        writer.append(decimal: version)
    }

    /// The keys of a post's.
    public static let properties: [Schema.Property] = [
        .always("likes", .integer(from: 0)), .always("comments", .integer(from: 0)),
        .always("views", .integer(from: 0), "About."), .always("version", .integer(from: 0)),
    ]

    static let component = Component("Counts", .object(properties)) { writer in
        writer.append(ascii: "{")
        Counts(likes: 12, replies: 3, views: 250, version: 15).appendNumbers(to: &writer)
        writer.append(ascii: "}")
    }
}
