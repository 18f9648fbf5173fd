import Core
import DomainKit
import Store

/// What is exported of an account itself.
enum AccountFiles {
    /// One line, as `GET /v1/me` has it.
    static let profile = ExportedFile("profile", from: ["users", "follow_counts", "follower_stripes"]) {
        user, position, limit in
        """
        SELECT \(UserRow.columns) FROM users u \(UserRow.counters)
        WHERE u.id = \(user) AND u.id > \(position) LIMIT \(limit)
        """
    } line: { row, writer in
        try UserRow.view(row, relation: nil, isOwn: true).append(to: &writer)
    }

    /// `{"id","created_at","seen_at"?,"ended_at"?,"client"?}`, without tokens.
    static let sessions = ExportedFile("sessions", from: ["sessions"]) { user, position, limit in
        """
        SELECT id, (extract(epoch FROM seen_at) * 1000)::bigint AS seen_at,
            (extract(epoch FROM ended_at) * 1000)::bigint AS ended_at, client
        FROM sessions WHERE user_id = \(user) AND id > \(position) ORDER BY id LIMIT \(limit)
        """
    } line: { row, writer in
        writer.appendBegin(try row.id("id"))
        writer.append(key: "seen_at", time: try row.optionalInteger("seen_at"))
        writer.append(key: "ended_at", time: try row.optionalInteger("ended_at"))
        writer.append(key: "client", of: try row.optionalText("client"))
        writer.append(ascii: "}")
    }
}
