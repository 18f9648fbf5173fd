import Core
public import HTTPService
public import Social
public import Wire

/// What the routes of the API work with.
public struct Services: Sendable {
    public let accounts: Accounts
    public let users: Users
    public let graph: Graph
    public let posts: Posts
    public let feeds: FeedReader
    public let repair: FeedRepair
    public let writes: Writes
    public let cursors: CursorSigner
    public let waiter: any FeedWaiter
    public let limits: RouteLimits
    let lists = Lists()

    public init(
        accounts: Accounts, users: Users, graph: Graph, posts: Posts, feeds: FeedReader,
        repair: FeedRepair, writes: Writes, cursors: CursorSigner, waiter: any FeedWaiter, limits: RouteLimits
    ) {
        self.accounts = accounts
        self.users = users
        self.graph = graph
        self.posts = posts
        self.feeds = feeds
        self.repair = repair
        self.writes = writes
        self.cursors = cursors
        self.waiter = waiter
        self.limits = limits
    }
}
