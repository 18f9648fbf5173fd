import Core
import HTTPService
import Posts
import Store
import TextEntities

/// Hashtags.
struct TagOperations: Sendable {
    private static let tag = Tag("tags", "Hashtags of public posts")
    private static let name = PathParameter(
        "name", .string(), example: "swift",
        "In any spelling: case, width and how its letters are put together make no difference. The tag `popular` is found as "
            + "`Popular`."
    ) { TextTag($0) }
    let tags: Tags
    let following: TagFollowing
    let observers: [any TagFollowObserver]
    let writes: Writes
    let lists: Lists
    let cursors: CursorSigner

    var all: [Operation] {
        [
            Operation(
                .get, "/v1/tags/popular", id: "listPopularTags", tag: Self.tag, "What tags are used today",
                access: .optional, parameters: [PageParameters.limit],
                responses: [
                    .json(
                        TagView.popularList,
                        "Those of the last 24 hours that most users have used first; counted once a minute.")
                ], handler: popular),
            Operation(
                .get, "/v1/tags/\(Self.name)", id: "getTag", tag: Self.tag, "A tag", access: .optional,
                responses: [
                    .json(
                        TagView.component,
                        "The tag. One that no public post has, and that the caller does not follow, is not there.")
                ],
                handler: show),
            Operation(
                .get, "/v1/tags/\(Self.name)/posts", id: "listTagPosts", tag: Self.tag, "Public posts with a tag",
                access: .optional, parameters: [PageParameters.limit, PageParameters.cursor],
                responses: [.json(PostView.list, "Newest first.")], handler: list),
            Operation(
                .put, "/v1/tags/\(Self.name)/follow", id: "followTag", tag: Self.tag, "Follow a tag",
                description: "Public posts with the tag come into the caller's feed. Up to \(TagFollows.most) tags.",
                responses: [.noContent("The caller follows the tag, perhaps since before.")], problems: [.tooMany],
                idempotency: .key("follow tag"), handler: follow),
            Operation(
                .delete, "/v1/tags/\(Self.name)/follow", id: "unfollowTag", tag: Self.tag, "Stop following a tag",
                responses: [.noContent("The caller does not follow the tag.")],
                idempotency: .key("unfollow tag"), handler: unfollow),
        ]
    }

    @Sendable private func follow(_ request: RequestContext) async throws -> Response {
        try await change(request) {
            try await following.follow($0, request[Self.name], by: request.caller, request.trace)
        }
    }

    @Sendable private func unfollow(_ request: RequestContext) async throws -> Response {
        try await change(request) {
            try await following.unfollow($0, request[Self.name].name, by: request.caller, request.trace)
        }
    }

    private func change(
        _ request: RequestContext, _ write: @escaping @Sendable (Transaction) async throws -> TagFollowChange?
    ) async throws -> Response {
        let (response, told) = try await writes.run(request) { transaction in
            (StoredResponse(status: 204, body: []), try await write(transaction))
        }
        guard let change = told ?? nil else { return response }
        for observer in observers {
            do {
                try await observer.changed(change)
            } catch {
                // The log brings it.
                Log.warning(.tagFollowDeferred, ["request_id": .text(request.requestID), "error": .text("\(error)")])
            }
        }
        return response
    }

    @Sendable private func show(_ request: RequestContext) async throws -> Response {
        let tag = try await tags.view(request[Self.name].name, to: request.viewer)
        return .json { tag.append(to: &$0) }
    }

    @Sendable private func list(_ request: RequestContext) async throws -> Response {
        let (name, limit) = (request[Self.name].name, request[PageParameters.limit])
        let list = PageCursor.List(tag: 21, subject: Self.number(of: name))
        let below = try request.below(list, cursors)
        return try await lists.read(request) {
            _ = try await tags.view(name, to: request.viewer)
            let posts = try await tags.posts(with: name, to: request.viewer, below: below, limit: limit + 1)
            return request.page(posts.prefix(limit), hasMore: posts.count > limit, list, cursors, id: \.id) {
                $1.append(to: &$0)
            }
        }
    }

    /// For cursors, which are of one list each.
    private static func number(of name: String) -> ID {
        // FNV-1a, 53 bits of it.
        let hash = name.utf8.reduce(0xcbf2_9ce4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
        return ID(raw: Int64(hash >> 11))
    }

    @Sendable private func popular(_ request: RequestContext) async throws -> Response {
        try await lists.read(request) {
            let popular = try await tags.popular(to: request.viewer, limit: request[PageParameters.limit])
            return .json { writer in
                _ = writer.appendList(popular) { $1.append(to: &$0) }
                writer.append(ascii: "}")
            }
        }
    }
}
