import Core
import Posts
import Relations
import Store

/// What decides to whom posts are told, read with the authors' followers.
struct PostReaders: Sendable {
    /// Posts that there may be somebody who sees: of others nobody must be told any more.
    private let visible: Set<ID>
    /// Those that are for some followers only, and for whom.
    private let readers: [ID: Set<ID>]
    /// By author, who mutes the author.
    private let muters: [ID: Set<ID>]
    /// Authors who are not here.
    private let away: Set<ID>

    /// What a value is made from: two statements.
    static func statements(_ posts: [ID], of authors: [ID]) -> [SQL] {
        [visibility(of: posts), Audience.muters(of: authors)]
    }

    static func visibility(of posts: [ID]) -> SQL {
        """
        SELECT p.id, \(PostVisibility.columns("p")), \(PostVisibility.readersColumn("p")) FROM posts p
        WHERE p.id = ANY (\(posts)::bigint[])
        """
    }

    init(_ results: ArraySlice<PgRows>) throws {
        let posts = try results.first!.map { (id: try $0.id("id"), visibility: try PostVisibility($0)) }
        var readers: [ID: Set<ID>] = [:]
        for row in results.first! { readers[try row.id("id")] = try PostVisibility.readers(row) }
        self.readers = readers
        visible = Set(posts.filter(\.visibility.isVisibleToSomebody).map(\.id))
        away = Set(posts.filter(\.visibility.isAuthorAway).map(\.visibility.author))
        var muters: [ID: Set<ID>] = [:]
        for row in results.last! { muters[try row.id("other"), default: []].insert(try row.id("owner")) }
        self.muters = muters
    }

    /// None.
    init() { (visible, readers, muters, away) = ([], [:], [:], []) }

    func isVisible(_ post: ID) -> Bool { visible.contains(post) }

    /// Which of the author's followers, the author among them, a post is for; `nil`: all.
    func readers(of post: ID, by author: ID) -> Set<ID>? { readers[post]?.union([author]) }

    /// Who is told of the author's posts, and for whom they are only kept until a mute or the author's absence ends.
    func split(_ users: [ID], for author: ID) -> (told: [ID], quiet: [ID]) {
        if away.contains(author) { return ([], users) }
        guard let muters = muters[author] else { return (users, []) }
        return (users.filter { !muters.contains($0) }, users.filter(muters.contains))
    }
}
