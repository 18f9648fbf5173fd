import Core
import DomainKit

/// A user's comments as they are exported: `{"id","created_at","post_id","parent_id"?,"text","edited_at"?}`.
enum CommentsFile {
    static let all = ExportedFile("comments", from: ["comments"]) { user, position, limit in
        """
        SELECT id, post_id, parent_id, text, edit_id FROM comments
        WHERE author_id = \(user) AND id > \(position) ORDER BY id LIMIT \(limit)
        """
    } line: { row, writer in
        writer.appendBegin(try row.id("id"))
        writer.append(key: "post_id", of: try row.id("post_id").description)
        writer.append(key: "parent_id", of: try row.optionalID("parent_id")?.description)
        writer.append(key: "text", of: try row.text("text"))
        writer.append(key: "edited_at", time: try row.optionalID("edit_id")?.milliseconds)
        writer.append(ascii: "}")
    }
}
