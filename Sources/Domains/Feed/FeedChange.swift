public import Core
import HTTPService
import Posts

/// What happens to a feed that is no post: its owner's clients drop what they show of a user or hashtag, or read it anew. As they
/// see it: `{"type":"feed.changed","reason":"mute","user_id":"…"}`, `{"type":"feed.changed","reason":"tag","tag":"swift"}`.
public struct FeedChange: Sendable, Equatable {
    public enum Reason: UInt8, Sendable, CaseIterable {
        // Read anew; `change.lua` knows that these two do, and `followTag`.
        case follow = 1
        case accept
        // Drop what is of the user.
        case unfollow
        case block
        case mute
        case suspended
        case erased
        // Drop what has the hashtag.
        case tag
        // Read anew.
        case followTag

        var name: String { self == .followTag ? "follow" : String(describing: self) }
        var isOfTag: Bool { self == .tag || self == .followTag }
    }

    public enum Kind: String, NamedKinds {
        case changed = "feed.changed"
    }

    static let size = 8

    let reason: Reason
    /// A user, or the number of a hashtag, by which its name is found (`PostTags.names`).
    let subject: ID

    init(_ reason: Reason, of subject: ID) {
        (self.reason, self.subject) = (reason, subject)
    }

    /// - Parameter tag: where it is about one.
    func json(tag: String = "") -> [UInt8] {
        var writer = ByteWriter(capacity: 80 + tag.utf8.count)
        append(tag, to: &writer)
        return writer.bytes
    }

    private func append(_ tag: String, to writer: inout ByteWriter) {
        writer.append(ascii: "{\"type\":\"feed.changed\",\"reason\":")
        writer.append(jsonString: reason.name)
        if reason.isOfTag {
            writer.append(ascii: ",\"tag\":")
            writer.append(jsonString: tag)
            writer.append(ascii: "}")
        } else {
            writer.append(ascii: ",\"user_id\":\"")
            writer.append(decimal: subject.raw)
            writer.append(ascii: "\"}")
        }
    }

    // MARK: Bytes, as in `change.lua`

    init?(_ reader: inout ByteReader) {
        guard let subject = reader.timelineNumber(), let code = reader.unsigned(width: 1) else { return nil }
        guard let reason = Reason(rawValue: UInt8(code)) else { return nil }
        self.init(reason, of: ID(raw: subject))
    }

    var bytes: [UInt8] {
        var writer = ByteWriter(capacity: Self.size)
        writer.append(bigEndian: UInt64(subject.raw), width: 7)
        writer.append(reason.rawValue)
        return writer.bytes
    }

    // MARK: As it is documented

    static let components = [("feed.changed", component)]

    private static let component = Component(
        "FeedChanged",
        .object([
            .always("type", .constant("feed.changed")),
            .always(
                "reason", .word(of: Reason.allCases.filter { $0 != .followTag }.map(\.name)),
                "`follow`, `accept`: read the feed anew. `tag`: drop what has the hashtag. All others: drop what is of the user."
            ),
            .sometimes("user_id", Component.id.reference),
            .sometimes("tag", .string(), "As it is compared: what is followed now, or no more."),
            FeedEvent.channel,
        ]), writing: { FeedChange(.mute, of: PostView.example.id).append("", to: &$0) })
}

/// One that was written down.
public struct NotedChange: Sendable, Equatable {
    public let position: Int64
    public let change: FeedChange

    /// Of `changes` in Redis. Reasons of a later version are left out.
    static func all(in bytes: [UInt8]) -> [NotedChange] {
        stride(from: 0, to: bytes.count, by: 7 + FeedChange.size).compactMap { start in
            var reader = ByteReader(Array(bytes[start..<min(start + 7 + FeedChange.size, bytes.count)]))
            guard let position = reader.timelineNumber() else { return nil }
            return FeedChange(&reader).map { NotedChange(position: position, change: $0) }
        }
    }
}
