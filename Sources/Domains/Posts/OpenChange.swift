public import Core
import Outbox
public import Store

/// One of `OpenChanges`.
public struct OpenChange: Sendable, Equatable {
    public let post: ID
    public let kind: PostEvent
    public let author: ID
    /// How often it was told once more.
    public let tries: Int
    private let eventID: String
    private let tags: [String]

    /// - Returns: `nil`: a kind of a later version.
    public init?(_ row: PgRow) throws(PgError) {
        guard let kind = PostEvent(rawValue: try row.text("kind")) else { return nil }
        self.kind = kind
        (post, author) = (try row.id("post_id"), try row.id("author_id"))
        (eventID, tries) = (try row.text("event_id"), try row.int("tries"))
        tags = PostEntities.tags(in: try row.text("tags"))
    }

    /// A post as it is now, for `event`; rows with `is_there`.
    public static func posts(_ ids: [ID], _ rows: PostRow) -> SQL {
        """
        SELECT \(rows.columnsForAll), \(PostVisibility.sqlToSomebody("p")) AS is_there FROM \(PostRow.table)
        WHERE p.id = ANY (\(ids)::bigint[])
        """
    }

    /// The event as it was, of the post as it is now, with the id that it had: so who has it knows it. Into the outbox, once the
    /// author's row is locked.
    /// - Parameter post: `nil`: it is not there any more.
    /// - Returns: `nil`: there is nothing to be told.
    public func event(_ post: PostView?) -> SQL? {
        let event: FeedEvent
        switch (kind, post) {
        case (.created, let post?): event = .created(post)
        case (.updated, let post?): event = .updated(post)
        case (.deleted, nil): event = .deleted(self.post)
        default: return nil
        }
        let present = post.map { $0.visibility == .public ? $0.entities.tags : [] } ?? []
        let envelope = event.envelope(
            author: author, tags: present + tags.filter { !present.containsExactly($0) },
            eventID: kind == .created ? uuidV7(of: self.post) : eventID, TraceContext(requestID: "again"))
        return Outbox.statement(topic: PostEvent.topic, key: author, envelope)
    }
}
