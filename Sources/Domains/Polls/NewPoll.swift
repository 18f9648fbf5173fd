import Core
package import Posts

/// A poll that comes with a new post.
package struct NewPoll: Sendable {
    package let options: [String]
    package let isMultiple: Bool
    /// Seconds.
    package let closesIn: Int
    package let results: PollView.Results

    /// As it is before anybody has voted.
    /// - Parameters:
    ///   - now: milliseconds since 1970.
    ///   - isOwn: as its author sees it.
    func view(_ id: ID, of post: ID, now: Int64, isOwn: Bool) -> PollView {
        PollView(
            id: id, post: post, options: options, isMultiple: isMultiple, results: results,
            closesAt: now + Int64(closesIn) * 1000, isClosed: false,
            tally: .init(votes: options.map { _ in 0 }, voters: 0, changes: 0), voted: [], isOwn: isOwn)
    }
}
