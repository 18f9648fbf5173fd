import Core
import DomainKit
import HTTPService
import Store

/// A user's posts as they are exported, with what they were before each edit, also those that he has deleted:
/// `{"id","created_at","text","visibility","comments","edited_at"?,"deleted_at"?,"versions"?:[{"text","at"}]}`.
enum PostsFile {
    static let all = ExportedFile("posts", from: ["posts", "post_versions"]) { user, position, limit in
        """
        SELECT p.id, p.text, p.visibility, p.comments, p.edit_id,
            (extract(epoch FROM p.deleted_at) * 1000)::bigint AS deleted_at,
            (SELECT jsonb_agg(jsonb_build_array(v.id, v.text) ORDER BY v.id) FROM post_versions v WHERE v.post_id = p.id)
                AS versions
        FROM posts p WHERE p.author_id = \(user) AND p.id > \(position) ORDER BY p.id LIMIT \(limit)
        """
    } line: { row, writer in
        writer.appendBegin(try row.id("id"))
        writer.append(key: "text", of: try row.text("text"))
        writer.append(key: "visibility", of: try Visibility(row).rawValue)
        writer.append(key: "comments", of: try row.text("comments"))
        writer.append(key: "edited_at", time: try row.optionalID("edit_id")?.milliseconds)
        writer.append(key: "deleted_at", time: try row.optionalInteger("deleted_at"))
        if let versions = try row.optionalText("versions") {
            writer.append(ascii: ",\"versions\":[")
            for (index, version) in (try JSONValue.parse(Array(versions.utf8)).array ?? []).enumerated() {
                guard let id = version.array?.first?.integer, let text = version.array?.last?.string else {
                    throw PgError.unreadable("column versions: pairs of an id and a text were expected")
                }
                if index > 0 { writer.append(ascii: ",") }
                PostVersion(id: ID(raw: id), text: text).append(to: &writer)
            }
            writer.append(ascii: "]")
        }
        writer.append(ascii: "}")
    }
}
