import Core
import Store

/// What is in a post's text beside words: hashtags, and who is mentioned where. The same for all who see the post.
public struct PostEntities: Sendable, Equatable {
    /// As they are compared (`TextTag.name`), in the order of the text.
    public let tags: [String]
    /// In the order of the text. Who is not here (`Standing`), or not any more, is left out.
    public let mentions: [PostMention]

    public init(tags: [String] = [], mentions: [PostMention] = []) {
        (self.tags, self.mentions) = (tags, mentions)
    }

    /// `,"tags":[…],"mentions":[…]`; what is empty is left out.
    func append(to writer: inout ByteWriter) {
        if !tags.isEmpty {
            writer.append(ascii: ",\"tags\":[")
            for (index, tag) in tags.enumerated() {
                if index > 0 { writer.append(ascii: ",") }
                writer.append(jsonString: tag)
            }
            writer.append(ascii: "]")
        }
        guard !mentions.isEmpty else { return }
        writer.append(ascii: ",\"mentions\":[")
        for (index, mention) in mentions.enumerated() {
            if index > 0 { writer.append(ascii: ",") }
            mention.append(to: &writer)
        }
        writer.append(ascii: "]")
    }

    // MARK: In SQL

    /// What a value is made from.
    /// - Parameter post: a row of `posts`.
    static func columns(_ post: SQL) -> SQL {
        """
        array_to_string(\(post).tags, ' ') AS tags,
        CASE WHEN \(post).mention_spans <> '{}' THEN \(PostMentions.spans(of: post)) END AS mentions
        """
    }

    /// Names with spaces between them. By bytes: a letter may be one with the space before it.
    public static func tags(in text: String) -> [String] {
        text.utf8.split(separator: UInt8(ascii: " ")).map { String(Substring($0)) }
    }

    init(_ row: PgRow) throws(PgError) {
        tags = try row.optionalText("tags").map(Self.tags) ?? []
        var mentions: [PostMention] = []
        for text in try row.optionalText("mentions")?.split(separator: ",") ?? [] {
            let parts = text.split(separator: " ")
            guard parts.count == 4, let user = ID(String(parts[0])), let from = Int(parts[2]), let to = Int(parts[3])
            else { throw .unreadable("column mentions: an id, a handle and two numbers were expected") }
            mentions.append(PostMention(user: user, handle: String(parts[1]), from: from, to: to))
        }
        self.mentions = mentions
    }
}
