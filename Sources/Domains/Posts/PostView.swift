import Accounts
public import Core
public import HTTPService

/// A post as the API and the live feed show it: ``{"id","author":{"id","handle","display_name"},"text","created_at",
/// "edited_at"?,"visibility","comments"?,"counts"}`, and what domains above say of it, such as `"poll"?`.
public struct PostView: Sendable, Equatable {
    public let id: ID
    public let authorID: ID
    public let authorHandle: String
    public let authorDisplayName: String
    public let text: String
    public let visibility: Visibility
    /// When it was edited last, in milliseconds since 1970.
    public let editedAt: Int64?
    /// Who may comment.
    public let comments: CommentAccess
    public let counts: Counts
    /// Keys of its JSON, each behind a comma: what `PostFact`s say.
    public let facts: [UInt8]

    public init(
        id: ID, authorID: ID, authorHandle: String, authorDisplayName: String, text: String, visibility: Visibility,
        editedAt: Int64? = nil, comments: CommentAccess = .all, counts: Counts = Counts(), facts: [UInt8] = []
    ) {
        self.id = id
        self.authorID = authorID
        self.authorHandle = authorHandle
        self.authorDisplayName = authorDisplayName
        self.text = text
        self.visibility = visibility
        self.editedAt = editedAt
        self.comments = comments
        self.counts = counts
        self.facts = facts
    }

    func saying(_ facts: [UInt8]) -> PostView {
        PostView(
            id: id, authorID: authorID, authorHandle: authorHandle, authorDisplayName: authorDisplayName, text: text,
            visibility: visibility, editedAt: editedAt, comments: comments, counts: counts, facts: facts)
    }

    public func append(to writer: inout ByteWriter) {
        writer.append(ascii: "{\"id\":\"")
        writer.append(decimal: id.raw)
        writer.append(ascii: "\",\"author\":{")
        writer.appendIdentity(id: authorID, handle: authorHandle, displayName: authorDisplayName)
        writer.append(ascii: "},\"text\":")
        writer.append(jsonString: text)
        writer.append(ascii: ",\"created_at\":\"")
        writer.appendTime(milliseconds: id.milliseconds)
        if let editedAt {
            writer.append(ascii: "\",\"edited_at\":\"")
            writer.appendTime(milliseconds: editedAt)
        }
        writer.append(ascii: "\",\"visibility\":")
        writer.append(jsonString: visibility.rawValue)
        if comments != .all { writer.append(key: "comments", of: comments.rawValue) }
        counts.append(to: &writer)
        writer.append(facts)
        writer.append(ascii: "}")
    }
}

extension PostView {
    public static let component = Component(
        "Post",
        .object([
            .always("id", Component.id.reference), .always("author", author.reference),
            .always("text", .string(length: 0...5000), "Empty where a post has none."),
            .always("created_at", Component.time.reference), .sometimes("edited_at", Component.time.reference),
            .always("visibility", Visibility.schema),
            .sometimes("comments", CommentAccess.schema, "Who may comment; only where not all may who see it."),
            .always("counts", Counts.component.reference, "The same for all. The larger version is the newer one."),
            .sometimes("poll", PollView.component.reference), .sometimes("liked", .boolean, "By the caller."),
            .sometimes("bookmarked", .boolean, "By the caller."),
        ]), writing: example.append)

    public static let list = Component(
        "PostList", .list(of: component), example: ["items": [component.example], "next": Component.cursor.example])

    public static let author = Component(
        "Author", .object(UserView.identity),
        example: ["id": Component.id.example, "handle": "ada_l", "display_name": "Ada Lovelace"])

    static let location = HeaderField(
        "Location", .string(pattern: "^/v1/posts/[0-9]{1,16}$"), "Where the post is.", isRequired: true)

    public static let example = PostView(
        id: ID(raw: 14_173_395_402_048), authorID: UserView.example.id, authorHandle: UserView.example.handle,
        authorDisplayName: UserView.example.displayName, text: "Good morning, all.",
        visibility: .public)

    static let edited = PostView(
        id: example.id, authorID: example.authorID, authorHandle: example.authorHandle,
        authorDisplayName: example.authorDisplayName, text: "Good evening, all.", visibility: example.visibility,
        editedAt: example.id.milliseconds + 60_000)
}
