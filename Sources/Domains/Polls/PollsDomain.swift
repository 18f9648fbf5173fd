public import Core
public import DomainKit
public import EventLog
public import HTTPService
import Live
public import Posts
public import Store

/// Polls of posts, and votes.
public struct PollsDomain: Domain {
    public static let migrations = PollsMigrations.all
    public static let liveKinds = KnownKinds(PollNews.self)
    public static let liveEvents = [(type: PollNews.updated.rawValue, component: PollUpdate.component)]

    private let polls: Polls
    private let resources: Resources

    public init(_ resources: Resources) {
        self.resources = resources
        polls = Self.polls(resources, over: resources.database)
    }

    private static func polls(_ resources: Resources, over database: Database) -> Polls {
        Polls(database: database, ids: resources.ids, clock: resources.clock)
    }

    /// The poll of a post.
    public static let fact = PostFact("poll") { post, reader in
        PollRow.column(where: "po.post_id = \(post).id", for: reader)
    } append: { text, writer throws(PgError) in
        writer.append(ascii: ",\"poll\":")
        try PollRow.view(text).append(to: &writer)
    }

    /// The poll of a new post.
    public static func attachment(_ resources: Resources) -> PostAttachment {
        PostAttachment(PollFields.poll, editProblems: [.pollHasVotes]) {
            [ids = resources.ids, clock = resources.clock] poll, post, author in
            let (id, now) = (try ids.next(), clock.milliseconds())
            let own = poll.view(id, of: post, now: now, isOwn: true)
            let told = poll.view(id, of: post, now: now, isOwn: false)
            return PostAttachment.Part("poll", [Polls.insertion(own, of: author)], own: own.append, told: told.append)
        } checkEdit: { transaction, post in
            try await Polls.checkEdit(transaction, of: post)
        }
    }

    public var channels: [ChannelKind] { [.poll(polls)] }

    public static let channelsOfPosts = ChannelsOfPosts(ChannelName.pollKind, "SELECT id, post_id FROM polls")

    public var effects: [ChannelEffect] {
        PollEvent.allCases.map { event in ChannelEffect(event.kind, .state) { $0[.poll].map(ChannelName.poll) } }
    }

    public var notifications: [NotificationKind] { [PollNotifications.closed] }

    public var holdings: [Holding] { PollHoldings.all }

    public var exports: [ExportedFile] { [PollFiles.polls, PollFiles.votes] }

    public var operations: [Operation] { PollOperations(polls: polls, writes: resources.writes).all }

    public func jobs(_ log: any EventLog) -> [Job] {
        let polls = Self.polls(resources, over: resources.connections.workers.database)
        return [
            Job("close-polls", restSeconds: 1) { try await polls.closeDue() ? .more : .idle }
        ]
    }

    public var countAudits: [CountAudit] { [PollCounts.audit] }
}
