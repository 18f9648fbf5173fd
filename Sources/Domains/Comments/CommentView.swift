import Accounts
import Core
import HTTPService
import Posts

/// A comment as the API and live events show it: `{"id","post_id","thread_id","parent_id"?,"author","text","created_at",
/// "edited_at"?,"counts","liked"?}`; one that was deleted and has replies: `{"id","post_id","thread_id","parent_id"?,"deleted":true,
/// "counts"}`.
struct CommentView: Sendable, Equatable {
    struct Content: Sendable, Equatable {
        let authorID: ID
        let handle: String
        let displayName: String
        let text: String
        /// When it was edited last, in milliseconds since 1970.
        let editedAt: Int64?
    }

    let id: ID
    let post: ID
    /// Of the top-level comment.
    let thread: ID
    /// `nil`: it is a top-level one.
    let parent: ID?
    /// `nil`: it was deleted.
    let content: Content?
    let counts: Counts
    /// By the reader; `nil`: it is told to many, or nobody is signed in.
    var isLiked: Bool?

    /// - Parameter more: writes further keys of the same object, each behind a comma.
    func append(to writer: inout ByteWriter, more: (inout ByteWriter) -> Void = { _ in }) {
        writer.append(ascii: "{\"id\":\"")
        writer.append(decimal: id.raw)
        appendPlace(to: &writer)
        if let content {
            writer.append(ascii: ",\"author\":{")
            writer.appendIdentity(
                id: content.authorID, handle: content.handle, displayName: content.displayName)
            writer.append(ascii: "}")
            writer.append(key: "text", of: content.text)
            writer.append(key: "created_at", time: id.milliseconds)
            writer.append(key: "edited_at", time: content.editedAt)
        } else {
            writer.append(ascii: ",\"deleted\":true")
        }
        writer.append(ascii: ",\"counts\":{\"likes\":")
        writer.append(decimal: counts.likes)
        writer.append(ascii: ",\"replies\":")
        writer.append(decimal: counts.replies)
        writer.append(ascii: ",\"version\":")
        writer.append(decimal: counts.version)
        writer.append(ascii: "}")
        if let isLiked, content != nil { writer.append(isLiked ? ",\"liked\":true" : ",\"liked\":false") }
        more(&writer)
        writer.append(ascii: "}")
    }

    /// `","post_id":"…","thread_id":"…"`, and `,"parent_id":"…"` of a reply: behind an id whose quote is open.
    func appendPlace(to writer: inout ByteWriter) {
        writer.append(ascii: "\",\"post_id\":\"")
        writer.append(decimal: post.raw)
        writer.append(ascii: "\",\"thread_id\":\"")
        writer.append(decimal: thread.raw)
        if let parent {
            writer.append(ascii: "\",\"parent_id\":\"")
            writer.append(decimal: parent.raw)
        }
        writer.append(ascii: "\"")
    }
}

// MARK: In the document

extension CommentView {
    /// What each has.
    static let keys: [Schema.Property] = [
        .always("id", Component.id.reference), .always("post_id", Component.id.reference),
        .always("thread_id", Component.id.reference, "The top-level comment; of one its own id."),
        .sometimes("parent_id", Component.id.reference, "What it replies to; not of a top-level comment."),
        .sometimes("author", PostView.author.reference, "Not of a deleted one, as what follows."),
        .sometimes("text", .string(length: 1...CommentFields.longest)),
        .sometimes("created_at", Component.time.reference), .sometimes("edited_at", Component.time.reference),
        .sometimes("deleted", .boolean, "Only where it is so: it was deleted and has replies."),
        .always(
            "counts", countsComponent.reference, "The same for all. The larger version is the newer one."),
        .sometimes("liked", .boolean, "By the caller."),
    ]

    private static let countsComponent = Component(
        "CommentCounts",
        .object([
            .always("likes", .integer(from: 0)),
            .always("replies", .integer(from: 0), "All below it that are not deleted, whoever may see them."),
            .always("version", .integer(from: 0)),
        ]), example: ["likes": 2, "replies": 1, "version": 3])

    static let component = Component("Comment", .object(keys)) { example.append(to: &$0) }

    static let example = CommentView(
        id: ID(raw: 14_173_395_410_000), post: PostView.example.id, thread: ID(raw: 14_173_395_410_000), parent: nil,
        content: Content(
            authorID: UserView.example.id, handle: UserView.example.handle,
            displayName: UserView.example.displayName, text: "Good morning to you, too.", editedAt: nil),
        counts: Counts(replies: 1, version: 1))

    static let reply = CommentView(
        id: ID(raw: 14_173_395_420_000), post: example.post, thread: example.id, parent: example.id,
        content: Content(
            authorID: UserView.example.id, handle: UserView.example.handle,
            displayName: UserView.example.displayName, text: "And a good day.",
            editedAt: ID(raw: 14_173_395_430_000).milliseconds), counts: Counts())

    static let location = HeaderField(
        "Location", .string(pattern: "^/v1/comments/[0-9]{1,16}$"), "Where the comment is.", isRequired: true)

    static let list = Component(
        "CommentList", .list(of: component),
        example: ["items": [.written { reply.append(to: &$0) }], "next": Component.cursor.example])
}
