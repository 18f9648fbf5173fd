import Core

/// A top-level comment in a list, with the first of its replies.
struct ListedComment: Sendable {
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
