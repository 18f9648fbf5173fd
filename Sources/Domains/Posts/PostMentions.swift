import Accounts
import Core
import Relations
import Store
import TextEntities

/// Who is mentioned in a post, as it is stored: `mentions` has the ids, of which a post for those mentioned is for all;
/// `mention_spans` for each place in the text which of them (from 1), from where, to where. Who was erased is 0 there.
struct PostMentions: Sendable, Equatable {
    /// Of a post.
    static let most = 20

    let users: [ID]
    /// Three numbers for each place.
    let spans: [Int]
    /// As they are shown.
    let shown: [PostMention]

    static let none = PostMentions(users: [], spans: [], shown: [])

    private init(users: [ID], spans: [Int], shown: [PostMention]) {
        (self.users, self.spans, self.shown) = (users, spans, shown)
    }

    // MARK: Whom a text mentions

    /// Rows `id, handle`: who of those whom a text names may be mentioned: who may see the post, and whom the author may see.
    static func candidates(_ mentions: [TextMention], by author: ID, in level: Visibility) -> SQL {
        let author = SQL.parameter(author)
        let isForAll: SQL = level == .followers ? "false" : "true"
        return """
            SELECT u.id, u.handle FROM users u
            WHERE u.handle = ANY (\(Array(Set(mentions.map(\.handle))).sorted())::text[])
                AND \(Audience.isHere("u.id", for: author)) AND \(Audience.isOpen(author, to: "u.id", where: isForAll))
            """
    }

    /// - Parameters:
    ///   - rows: of `candidates`.
    ///   - audience: for whom the post is already, each of whom it stays for; others are not mentioned. `nil`: it is for
    ///     whomever the text mentions.
    init(_ mentions: [TextMention], _ rows: PgRows, among audience: [ID]? = nil) throws(PgError) {
        var found: [String: ID] = [:]
        for row in rows { found[try row.text("handle")] = try row.id("id") }
        var (users, spans, shown): ([ID], [Int], [PostMention]) = (audience ?? [], [], [])
        for mention in mentions where shown.count < Self.most {
            guard let user = found[mention.handle] else { continue }
            if audience == nil, !users.contains(user) { users.append(user) }
            guard let place = users.firstIndex(of: user) else { continue }
            spans += [place + 1, mention.from, mention.to]
            shown.append(PostMention(user: user, handle: mention.handle, from: mention.from, to: mention.to))
        }
        self.init(users: users, spans: spans, shown: shown)
    }

    // MARK: In SQL

    /// `id handle from to` of each place, with commas between them.
    static func spans(of post: SQL) -> SQL {
        """
        (SELECT string_agg(
                concat_ws(' ', m.id, m.handle, \(post).mention_spans[n + 1], \(post).mention_spans[n + 2]), ',' ORDER BY n)
            FROM generate_series(1, cardinality(\(post).mention_spans), 3) n
            JOIN users m ON m.id = \(post).mentions[\(post).mention_spans[n]]
            WHERE NOT \(Standing.isAway("m.id")))
        """
    }

    /// Ids with spaces between them, as `ids` reads them.
    static func column(_ post: SQL) -> SQL { "array_to_string(\(post).mentions, ' ')" }

    static func ids(_ text: String) -> [ID] { text.split(separator: " ").compactMap { ID(String($0)) } }
}
