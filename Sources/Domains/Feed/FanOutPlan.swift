import Core
import EventLog

/// What comes of changes of posts: chunks, one for each slice of the author's followers and of those of the post's hashtags. A
/// value, made of the changes and of what is known of their authors and hashtags.
struct FanOutPlan: Sendable, Equatable {
    /// Authors whose followers are cut into another number of slices from now on.
    private(set) var slices: [ID: Int] = [:]
    /// Chunks whose progress is written down, before they go into the log.
    private(set) var tracked: [Chunk] = []
    /// All chunks, in the order of the changes.
    private(set) var records: [NewRecord] = []
    /// To how many feeds they go; whoever follows the author and a hashtag is counted twice.
    private(set) var deliveries = 0

    /// Authors who have another number of slices than they should: of these it must be known whether they are busy.
    static func unsettled(_ authors: [ID: FanOutStore.Author]) -> [ID] {
        authors.filter { $1.wantedSlices != $1.slices }.map(\.key)
    }

    /// - Parameters:
    ///   - changes: in order.
    ///   - authors: of the changes. Those of one who is missing, for the account is gone, come to nothing.
    ///   - busy: of the unsettled ones those of whom something is under way. Other slices mean other partitions of the
    ///     log, where a new post could overtake one before it: so the number is changed only when there is nothing.
    ///   - tags: how many follow each of the hashtags that somebody follows; up to `Slicing.fewFollowers` and one more.
    init(
        _ changes: [PostChange], authors: [ID: FanOutStore.Author], busy: Set<ID>, tags: [ExactText: Int64] = [:]
    ) {
        for id in Self.unsettled(authors) where !busy.contains(id) { slices[id] = authors[id]?.wantedSlices }
        for change in changes {
            guard let author = authors[change.author] else { continue }
            let followed = change.envelope.tags.filter { tags[ExactText($0)] != nil }
            let followers = author.followers + followed.reduce(0) { $0 + tags[ExactText($1), default: 0] }
            add(change, tags: followed, followers: followers, slices: slices[change.author] ?? author.slices)
        }
    }

    /// By the author's followers alone it is decided how many slices there are: all posts of an author take the same ways.
    private mutating func add(_ change: PostChange, tags: [String], followers: Int64, slices: Int) {
        let isTracked = Slicing.isTracked(followers: followers, slices: slices)
        for slice in 0..<slices {
            let chunk = Chunk(
                post: change.id, author: change.author, kind: change.kind,
                buckets: Slicing.buckets(slice, of: slices), tags: tags)
            if isTracked { tracked.append(chunk) }
            records.append(change.record(for: chunk, isTracked: isTracked))
        }
        // The author's own feed is one of them.
        deliveries += Int(followers) + 1
    }
}

extension FanOutStore.Author {
    fileprivate var wantedSlices: Int { Slicing.slices(followers: followers, current: slices) }
}
