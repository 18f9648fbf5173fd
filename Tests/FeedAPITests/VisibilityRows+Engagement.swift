import TestSite

/// What people do to posts.
extension VisibilityRow {
    static let engagement: [String: VisibilityRow] = [
        "likePost": VisibilityRow(
            probes: ofPosts(needsSession: true, { _, _ in Seen(204) }) {
                try await $0.caller.put("/v1/posts/\($1)/like")
            }, isWrite: true),
        "unlikePost": VisibilityRow(
            probes: ofPosts(needsSession: true, { _, _ in Seen(204) }) {
                try await $0.caller.delete("/v1/posts/\($1)/like")
            }, isWrite: true),
        "listLikes": VisibilityRow(
            probes: ofPosts(
                needsSession: false, { Seen(200, [.publicPost, .postForFollowers].contains($1) ? [.third] : []) }
            ) {
                try await $0.caller.get("/v1/posts/\($1)/likes")
            } + [
                Probe("of somebody's post that the author likes", expected: amongKnown) {
                    try await $0.caller.get("/v1/posts/\($0.likedPost)/likes")
                }
            ], isWrite: false),
        "listLikedPosts": .reads(
            Probe("the caller's", needsSession: true, expected: { Seen(200, $0.isSelf ? [] : shown($0)) }) {
                try await $0.caller.get("/v1/users/\(($0.caller as? TestUser ?? $0.viewer).id)/likes")
            },
            Probe(
                "another's", needsSession: true, expected: { Seen($0.isSelf ? 200 : 403) }
            ) { try await $0.caller.get("/v1/users/\($0.author.id)/likes") }),
        "addViews": .writes(
            Probe("of both posts", needsSession: true, expected: { _ in Seen(204) }) {
                try await $0.caller.post(
                    "/v1/views", ["posts": [.string($0.publicPost), .string($0.postForFollowers)]])
            }),
    ]
}
