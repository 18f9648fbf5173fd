import Core
import HTTPService

/// A top-level comment in a list, with the first of its replies.
struct ListedComment: Sendable {
    static let mostReplies = 2

    let comment: CommentView
    var replies: [CommentView]

    func append(to writer: inout ByteWriter) {
        comment.append(to: &writer) { writer in
            guard !replies.isEmpty else { return }
            writer.append(ascii: ",\"replies_preview\":[")
            for (index, reply) in replies.enumerated() {
                if index > 0 { writer.append(ascii: ",") }
                reply.append(to: &writer)
            }
            writer.append(ascii: "]")
        }
    }
}

extension ListedComment {
    private static let component = Component(
        "ListedComment",
        .object(
            CommentView.keys + [
                .sometimes(
                    "replies_preview", .array(of: CommentView.component.reference, count: 1...mostReplies),
                    "The first replies that the caller sees and that are not deleted.")
            ]), writing: ListedComment(comment: .example, replies: [.reply]).append)

    static let list = Component(
        "ListedCommentList", .list(of: component),
        example: ["items": [component.example], "next": Component.cursor.example])
}
