import Core

/// Makes of what happens the bytes that are shown; empty for what is not shown.
protocol Renderer {
    /// A post of a page, or of an event.
    /// - Parameter event: the event object in JSON, as received.
    func created(_ post: FeedPost, event: String) -> String
    /// The text of a post that was shown is another one.
    /// - Parameter now: milliseconds since 1970.
    func edited(_ post: FeedPost, event: String, now: Int64) -> String
    /// - Parameters:
    ///   - post: `nil` for a post that was never shown.
    ///   - now: milliseconds since 1970.
    func deleted(_ post: ShownPosts.Post?, event: String, now: Int64) -> String
    /// What is around a post, on one line.
    /// - Parameter now: milliseconds since 1970.
    func news(_ news: News, event: String, now: Int64) -> String
    /// An event of a type that is not known here.
    func other(event: String) -> String
}

/// The event objects, one a line.
struct JSONLines: Renderer {
    func created(_ post: FeedPost, event: String) -> String { other(event: event) }
    func edited(_ post: FeedPost, event: String, now: Int64) -> String { other(event: event) }
    func deleted(_ post: ShownPosts.Post?, event: String, now: Int64) -> String { other(event: event) }
    func news(_ news: News, event: String, now: Int64) -> String { other(event: event) }
    func other(event: String) -> String { Harmless.json(event) + "\n" }
}

/// `2026-11-21T10:00:00.000Z @alice: text`, for pipes and files.
struct PlainLines: Renderer {
    func created(_ post: FeedPost, event: String) -> String {
        "\(post.createdAt) @\(Harmless.escaped(post.handle)): \(Harmless.escaped(post.text))\n"
    }

    func edited(_ post: FeedPost, event: String, now: Int64) -> String {
        let (time, handle) = (rfc3339(milliseconds: now), Harmless.escaped(post.handle))
        return "\(time) @\(handle) edited the post of \(post.createdAt): \(Harmless.escaped(post.text))\n"
    }

    func deleted(_ post: ShownPosts.Post?, event: String, now: Int64) -> String {
        guard let post else { return "" }
        let time = rfc3339(milliseconds: now)
        return "\(time) @\(Harmless.escaped(post.handle)) deleted the post of \(post.createdAt)\n"
    }

    func news(_ news: News, event: String, now: Int64) -> String {
        let handle = news.handle.map { "@\(Harmless.escaped($0)) " } ?? ""
        return "\(rfc3339(milliseconds: now)) \(handle)\(Harmless.escaped(news.text))\n"
    }

    func other(event: String) -> String { "" }
}
