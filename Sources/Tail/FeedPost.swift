package import Core

/// A post, as far as it is shown.
package struct FeedPost: Equatable {
    let id: ID
    let handle: String
    let displayName: String
    package let text: String
    package let createdAt: String
    /// Milliseconds since 1970.
    package let milliseconds: Int64

    /// `nil` when a key is missing or of another kind.
    init?(_ value: JSONValue) {
        guard let post = value.object, let id = post["id"]?.string.flatMap({ ID($0) }),
            let author = post["author"]?.object, let handle = author["handle"]?.string,
            let displayName = author["display_name"]?.string, let text = post["text"]?.string,
            let createdAt = post["created_at"]?.string, let milliseconds = Core.milliseconds(rfc3339: createdAt)
        else { return nil }
        self.id = id
        self.handle = handle
        self.displayName = displayName
        self.text = text
        self.createdAt = createdAt
        self.milliseconds = milliseconds
    }
}

/// `GET /v1/feed`, or a list of posts, as far as it is used.
package struct FeedPage {
    /// Newest first; the values as they came beside what was read of them.
    package let posts: [(post: FeedPost, value: JSONValue)]
    let next: String?
    /// `nil` in a list.
    let live: String?

    static let empty = FeedPage(posts: [], next: nil, live: nil)

    private init(posts: [(post: FeedPost, value: JSONValue)], next: String?, live: String?) {
        (self.posts, self.next, self.live) = (posts, next, live)
    }

    package init?(_ body: [UInt8]) {
        guard let object = (try? JSONValue.parse(body))?.object, let items = object["items"]?.array else { return nil }
        posts = items.compactMap { value in FeedPost(value).map { ($0, value) } }
        next = object["next"]?.string
        live = object["live"]?.string
    }

    /// Of one post.
    init?(post body: [UInt8]) {
        guard let value = try? JSONValue.parse(body), let post = FeedPost(value) else { return nil }
        (posts, next, live) = ([(post, value)], nil, nil)
    }
}
