import TestSite

/// Who sees the post sees its comments, but for those of whom he sees nothing in lists.
extension VisibilityRow {
    static let comments: [String: VisibilityRow] = [
        "createComment": VisibilityRow(
            probes: ofPosts(needsSession: true, { c, post in Seen(201, c.isSelf ? [.author, post] : [post]) }) {
                try await $0.caller.post("/v1/posts/\($1)/comments", ["text": "x"])
            } + [
                Probe(
                    "a reply to the author's", needsSession: true,
                    expected: {
                        ofAuthor($0) { Seen(201, $0.isSelf ? [.author, .authorsComment] : [.authorsComment]) }
                    }
                ) {
                    try await $0.caller.post(
                        "/v1/posts/\($0.likedPost)/comments", ["text": "x", "parent": .string($0.authorsComment)])
                }
            ], isWrite: true),
        "listComments": VisibilityRow(
            probes: ofPosts(
                needsSession: false,
                { _, post in Seen(200, post == .publicPost ? [.publicPost, .comment, .third] : []) }
            ) { try await $0.caller.get("/v1/posts/\($1)/comments?sort=top") } + [
                Probe(
                    "of the liked post",
                    expected: { Seen(200, $0.isSelf || $0.isListed ? [.author, .authorsComment] : []) }
                ) { try await $0.caller.get("/v1/posts/\($0.likedPost)/comments") }
            ], isWrite: false),
        "getComment": .reads(
            Probe("the author's", expected: { ofAuthor($0) { _ in Seen(200, [.author, .authorsComment]) } }) {
                try await $0.caller.get("/v1/comments/\($0.authorsComment)")
            },
            Probe(
                "on the author's post",
                expected: { $0.isOpen ? Seen(200, [.publicPost, .comment, .third]) : Seen(404) }
            ) { try await $0.caller.get("/v1/comments/\($0.comment)") }),
        "listReplies": .reads(
            Probe("to the author's", expected: { ofAuthor($0) { _ in Seen(200) } }) {
                try await $0.caller.get("/v1/comments/\($0.authorsComment)/replies")
            },
            Probe("on the author's post", expected: { Seen($0.isOpen ? 200 : 404) }) {
                try await $0.caller.get("/v1/comments/\($0.comment)/replies")
            }),
        "editComment": .writes(
            Probe(
                "the author's", needsSession: true,
                expected: { ofAuthor($0) { $0.isSelf ? Seen(200, [.author, .authorsComment]) : Seen(403) } }
            ) {
                try await $0.caller.send(
                    "PATCH", "/v1/comments/\($0.authorsComment)", body: Array(#"{"text":"x"}"#.utf8))
            }),
        "deleteComment": .writes(
            Probe(
                "the author's", needsSession: true, expected: { ofAuthor($0) { Seen($0.isSelf ? 204 : 403) } }
            ) { try await $0.caller.delete("/v1/comments/\($0.authorsComment)") },
            Probe(
                "on the author's post", needsSession: true,
                expected: { Seen($0.isSelf ? 204 : $0.isOpen ? 403 : 404) }
            ) { try await $0.caller.delete("/v1/comments/\($0.comment)") }),
        "likeComment": like("PUT"), "unlikeComment": like("DELETE"),
    ]

    private static func like(_ method: String) -> VisibilityRow {
        .writes(
            Probe("the author's", needsSession: true, expected: { ofAuthor($0) { _ in Seen(204) } }) {
                try await $0.caller.send(method, "/v1/comments/\($0.authorsComment)/like")
            },
            Probe("on the author's post", needsSession: true, expected: { Seen($0.isOpen ? 204 : 404) }) {
                try await $0.caller.send(method, "/v1/comments/\($0.comment)/like")
            })
    }

    /// - Parameter seen: what comes of it where the caller sees the author's comment.
    private static func ofAuthor(
        _ c: VisibilityCase, _ seen: (VisibilityCase) -> Seen
    ) -> Seen {
        c.isSelf || c.isListed ? seen(c) : Seen(404)
    }
}
