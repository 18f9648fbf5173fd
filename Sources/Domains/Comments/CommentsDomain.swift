public import Core
public import DomainKit
public import HTTPService
public import Posts
public import Store

/// Comments on posts, and replies to them.
public struct CommentsDomain: Domain {
    public static let migrations = CommentsMigrations.all
    public static let liveKinds = KnownKinds(CommentEvent.self)

    private let resources: Resources
    private let posts: Posts

    public init(_ resources: Resources, posts: PostsDomain) {
        self.resources = resources
        self.posts = posts.posts
    }

    private var comments: Comments {
        Comments(database: resources.database, ids: resources.ids, clock: resources.clock)
    }

    public var operations: [Operation] {
        CommentOperations(
            comments: comments, reads: CommentLists(database: resources.database), posts: posts,
            writes: resources.writes, lists: resources.lists, cursors: resources.cursors
        ).all
    }

    public var upkeep: [UpkeepStep] {
        [
            UpkeepStep("drop old rankings of comments") { [database = resources.connections.scans.database] in
                try await database.query(CommentRanking.expired)
            }
        ]
    }

    public var holdings: [Holding] { CommentsHoldings.all }

    public var exports: [ExportedFile] { [CommentsFile.all] }
}
