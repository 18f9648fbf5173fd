import Core
import DomainKit
import HTTPService
import Posts
import Store

/// What is exported of polls.
enum PollFiles {
    /// The user's own, as he sees them.
    static let polls = ExportedFile("polls", from: ["polls", "poll_counts"]) { user, position, limit in
        """
        SELECT own.id, \(PollRow.column(where: "po.id = own.id", for: user)) AS poll FROM polls own
        WHERE own.author_id = \(user) AND own.id > \(position) ORDER BY own.id LIMIT \(limit)
        """
    } line: { row, writer in
        try PollRow.view(try row.text("poll")).append(to: &writer)
    }

    /// `{"id","created_at","poll_id","options":[…]}`: numbers of options, for the poll is another's.
    static let votes = ExportedFile("votes", from: ["poll_votes"]) { user, position, limit in
        """
        SELECT id, poll_id, array_to_json(options)::text AS options FROM poll_votes
        WHERE voter = \(user) AND id > \(position) ORDER BY id LIMIT \(limit)
        """
    } line: { row, writer in
        writer.appendBegin(try row.id("id"))
        writer.append(key: "poll_id", of: try row.id("poll_id").description)
        writer.append(ascii: ",\"options\":")
        writer.append(json: try JSONValue.parse(Array(try row.text("options").utf8)))
        writer.append(ascii: "}")
    }
}
