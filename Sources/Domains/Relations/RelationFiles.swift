import Accounts
import Core
import DomainKit
import Store

/// What a user has to do with others, as it is exported: `{"id","created_at","user_id","handle"?,"until"?}`. Others whom the
/// user may not see have no handle.
enum RelationFiles {
    static let all = [
        people("follows", from: "follows") { "SELECT id, followee AS other FROM follows WHERE follower = \($0)" },
        people("followers", from: "follows") { "SELECT id, follower AS other FROM follows WHERE followee = \($0)" },
        people("requests", from: "follow_requests") {
            "SELECT id, asker AS other FROM follow_requests WHERE target = \($0)"
        },
        people("requests_sent", from: "follow_requests") {
            "SELECT id, target AS other FROM follow_requests WHERE asker = \($0)"
        },
        people("bells", from: "bells") { "SELECT id, author AS other FROM bells WHERE user_id = \($0)" },
        people("blocks", from: "relations") {
            "SELECT id, other FROM relations WHERE owner = \($0) AND kind = 'block'"
        },
        people("mutes", from: "relations", hasEnd: true) {
            "SELECT id, other, until FROM relations WHERE owner = \($0) AND kind = 'mute'"
        },
    ]

    /// - Parameter rows: `id, other`, and `until` where it may have an end.
    private static func people(
        _ name: String, from table: String, hasEnd: Bool = false, rows: @escaping @Sendable (_ user: SQL) -> SQL
    ) -> ExportedFile {
        ExportedFile(name, from: [table]) { user, position, limit in
            let until: SQL = hasEnd ? "(extract(epoch FROM r.until) * 1000)::bigint" : "NULL::bigint"
            return """
                SELECT r.id, r.other, u.handle, \(until) AS until
                FROM (SELECT * FROM (\(rows(user))) a WHERE id > \(position) ORDER BY id LIMIT \(limit)) r
                LEFT JOIN users u ON u.id = r.other AND \(Audience.exists("r.other", for: user)) ORDER BY r.id
                """
        } line: { row, writer in
            writer.appendBegin(try row.id("id"))
            writer.append(key: "user_id", of: try row.id("other").description)
            writer.append(key: "handle", of: try row.optionalText("handle"))
            writer.append(key: "until", time: try row.optionalInteger("until"))
            writer.append(ascii: "}")
        }
    }
}
