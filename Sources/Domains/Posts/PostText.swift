import Core
import Store
import TextEntities

/// A post's text with what was found in it, as it is stored.
struct PostText: Sendable {
    let text: String
    let tags: [TextTag]
    let mentions: PostMentions

    var entities: PostEntities { PostEntities(tags: tags.map(\.name), mentions: mentions.shown) }

    /// - Parameters:
    ///   - author: who writes it, for whom.
    ///   - audience: see `PostMentions.init`.
    ///   - query: where it is asked who is mentioned; a text that names nobody asks nothing.
    init(
        _ text: String, by author: ID, for level: Visibility, among audience: [ID]? = nil,
        asking query: (SQL) async throws -> PgRows
    ) async throws {
        let found = TextEntities(of: text)
        self.text = text
        tags = found.tags
        guard !found.mentions.isEmpty || audience != nil else {
            mentions = .none
            return
        }
        let rows = try await query(PostMentions.candidates(found.mentions, by: author, in: level))
        mentions = try PostMentions(found.mentions, rows, among: audience)
    }

    /// The values of `columns`.
    var values: SQL {
        "\(text), \(tags.map(\.name))::text[], \(mentions.users)::bigint[], \(mentions.spans)::int[]"
    }

    static let columns: SQL = "text, tags, mentions, mention_spans"
}
