import Core
public import HTTPService
public import Social
public import Store
public import Wire

/// What the routes of the API work with.
public struct Services: Sendable {
    public let database: Database
    public let accounts: Accounts
    public let users: Users
    public let graph: Graph
    public let posts: Posts
    public let feeds: FeedReader
    public let repair: FeedRepair
    public let idempotency: Idempotency
    public let cursors: CursorSigner
    public let waiter: any FeedWaiter
    /// Limits that a route keeps by itself; throws `Problem`.
    public let limits: RouteLimits

    public init(
        database: Database, accounts: Accounts, users: Users, graph: Graph, posts: Posts, feeds: FeedReader,
        repair: FeedRepair, idempotency: Idempotency, cursors: CursorSigner, waiter: any FeedWaiter, limits: RouteLimits
    ) {
        self.database = database
        self.accounts = accounts
        self.users = users
        self.graph = graph
        self.posts = posts
        self.feeds = feeds
        self.repair = repair
        self.idempotency = idempotency
        self.cursors = cursors
        self.waiter = waiter
        self.limits = limits
    }

    /// Runs a write in one transaction, at most once for an idempotency key.
    /// - Parameter user: whose key it is; `ID.zero` for a caller who is not signed in.
    func write(
        _ scope: RequestScope, user: ID, route: String,
        _ body: @escaping @Sendable (Transaction) async throws -> StoredAnswer
    ) async throws -> Answer {
        guard let key = try scope.idempotencyKey() else {
            return Self.answer(try await database.transaction(body), replayed: false)
        }
        let request = Array("\(scope.request.method) \(scope.request.target)\n".utf8) + scope.request.body
        let (answer, replayed) = try await idempotency.run(user: user, route: route, key: key, request: request, body)
        return Self.answer(answer, replayed: replayed)
    }

    private static func answer(_ stored: StoredAnswer, replayed: Bool) -> Answer {
        var headers: [(String, String)] = []
        if let location = stored.location { headers.append(("Location", location)) }
        if replayed { headers.append(("Idempotency-Replayed", "true")) }
        if stored.status == 401 { headers.append(("WWW-Authenticate", "Bearer")) }
        guard stored.status != 204 else { return Answer(status: 204, headers: headers) }
        return .json(stored.body, status: stored.status, headers: headers)
    }
}
