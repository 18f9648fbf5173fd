import DomainKit
public import Store

extension Posts {
    /// A user's posts, and the mentions of him in others': there the text stays, which is theirs, and nobody is named by an id.
    static let holding = Holding(
        "postgres.posts", columns: ["author_id", "mentions"],
        .erased(
            { transaction, user, _, limit in
                let user = SQL.parameter(user)
                let results = try await transaction.batch([
                    """
                    UPDATE posts SET mentions = array_replace(mentions, \(user), 0) WHERE id IN (
                        SELECT id FROM posts p WHERE \(mention(user, "p")) ORDER BY id LIMIT \(limit) FOR NO KEY UPDATE)
                    """,
                    """
                    DELETE FROM posts WHERE id IN (
                        SELECT id FROM posts WHERE author_id = \(user) LIMIT \(limit) FOR UPDATE)
                    """,
                ])
                let gone = results[0].affected + results[1].affected
                return Holding.Step(removed: gone, next: gone == 0 ? nil : 0)
            },
            count: { user in
                let user = SQL.parameter(user)
                return """
                    SELECT (SELECT count(*) FROM posts p WHERE \(mention(user, "p")))
                        + (SELECT count(*) FROM posts WHERE author_id = \(user)) AS count
                    """
            }))

    /// Does the post mention the user? By the index of posts that mention somebody.
    public static func mention(_ user: SQL, _ post: SQL) -> SQL {
        "\(post).mentions <> '{}' AND \(post).mentions @> ARRAY[\(user)::bigint]"
    }
}
