import Core
import Posts
import Relations
import Store

/// What decides to whom posts are told, read with those to whom they go.
struct PostReaders: Sendable {
    /// Posts that there may be somebody who sees: of others nobody must be told any more.
    private let visible: Set<ID>
    /// Those that are for some followers only, and for whom.
    private let readers: [ID: Set<ID>]
    /// By author, who mutes the author.
    private let muters: [ID: Set<ID>]
    /// Authors who are not here.
    private let away: Set<ID>
    /// By author, between whom and the author there is a block.
    private let blocked: [ID: Set<ID>]
    /// Authors whose accounts are private.
    private let hidden: Set<ID>
    /// By post, who follows a hashtag that it has now. Posts that go to nobody by a hashtag are not among them.
    private var tagged: [ID: Set<ID>] = [:]
    /// By post, to whom it goes by a hashtag, now or before an edit, and by nothing else.
    private var strangers: [ID: Set<ID>] = [:]

    /// What a value is made from.
    static func statements(_ posts: [ID], of slices: [Chunk.Slice]) -> [SQL] {
        let tagged = slices.filter { $0.tagged != nil }
        return [visibility(of: posts), Audience.muters(of: Array(Set(slices.map(\.author))))]
            + (tagged.isEmpty ? [] : [Audience.closed(of: Array(Set(tagged.map(\.author))))])
    }

    static func visibility(of posts: [ID]) -> SQL {
        """
        SELECT p.id, \(PostVisibility.columns("p")), \(PostVisibility.readersColumn("p")) FROM posts p
        WHERE p.id = ANY (\(posts)::bigint[])
        """
    }

    init(_ results: ArraySlice<PgRows>) throws {
        let results = Array(results)
        let posts = try results[0].map { (id: try $0.id("id"), visibility: try PostVisibility($0)) }
        var readers: [ID: Set<ID>] = [:]
        for row in results[0] { readers[try row.id("id")] = try PostVisibility.readers(row) }
        self.readers = readers
        visible = Set(posts.filter(\.visibility.isVisibleToSomebody).map(\.id))
        away = Set(posts.filter(\.visibility.isAuthorAway).map(\.visibility.author))
        var muters: [ID: Set<ID>] = [:]
        for row in results[1] { muters[try row.id("other"), default: []].insert(try row.id("owner")) }
        self.muters = muters
        var blocked: [ID: Set<ID>] = [:]
        var hidden: Set<ID> = []
        if results.count > 2 {
            for row in results[2] {
                let author = try row.id("author")
                if let other = try row.optionalID("other") {
                    blocked[author, default: []].insert(other)
                } else {
                    hidden.insert(author)
                }
            }
        }
        (self.blocked, self.hidden) = (blocked, hidden)
    }

    /// None.
    init() { (visible, readers, muters, away, blocked, hidden) = ([], [:], [:], [], [:], []) }

    /// - Parameter rows: of `SliceFollowers`, of a post with hashtags.
    mutating func add(_ post: TaggedPost, _ rows: PgRows) throws {
        for row in rows {
            let follower = try row.id("follower")
            if try row.bool("tagged") { tagged[post.id, default: []].insert(follower) }
            if try !row.bool("follows") { strangers[post.id, default: []].insert(follower) }
        }
    }

    func isVisible(_ post: ID) -> Bool { visible.contains(post) }

    /// Does the post go to some of those that a chunk reaches only, or to each in a way of his own?
    func isSpecial(_ post: ID) -> Bool { readers[post] != nil || strangers[post] != nil || tagged[post] != nil }

    /// Those of the users that the post is for.
    func readers(of change: PostChange, among users: [ID]) -> [ID] {
        var users = users
        if let some = readers[change.id] { users = users.filter { some.contains($0) || $0 == change.author } }
        // Who had it by a hashtag that an edit took away is told of that edit.
        if change.kind == .created, let strangers = strangers[change.id] {
            let tagged = tagged[change.id] ?? []
            users = users.filter { !strangers.contains($0) || tagged.contains($0) }
        }
        return users
    }

    /// Those of the users for whom a change of the post is written into what is stored of their feeds.
    func stored(_ change: PostChange, among users: [ID]) -> [ID] {
        guard change.kind == .updated else { return readers(of: change, among: users) }
        let tagged = tagged[change.id] ?? []
        return tagged.isEmpty ? [] : users.filter(tagged.contains)
    }

    /// The users by how they get a change of the post.
    func audiences(of change: PostChange, among users: [ID]) -> [(DeliveryAudience, [ID])] {
        let (tagged, strangers) = (tagged[change.id] ?? [], strangers[change.id] ?? [])
        let (muters, blocked) = (muters[change.author] ?? [], blocked[change.author] ?? [])
        let (isAway, isHidden) = (away.contains(change.author), hidden.contains(change.author))
        if muters.isEmpty, !isSpecial(change.id) { return [(DeliveryAudience(isTold: !isAway), users)] }
        let groups = Dictionary(grouping: users) { user in
            let isClosed = strangers.contains(user) && (isHidden || blocked.contains(user))
            return DeliveryAudience(
                isTold: !isAway && !isClosed && !muters.contains(user), isByTag: tagged.contains(user))
        }
        return groups.sorted { $0.key.flags > $1.key.flags }.map { ($0.key, $0.value) }
    }
}
