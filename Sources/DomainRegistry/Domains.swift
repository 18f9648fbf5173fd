public import Accounts
public import Administration
public import Bookmarks
public import Comments
import Consumers
public import Core
public import Crypto
public import DeadLetters
public import Devices
public import DomainKit
import Effects
import EmbeddedLog
public import Engagement
public import Erasure
public import Exports
public import Feed
public import Formats
import HTTPService
import Layouts
import NodeLease
public import Notifications
public import OpenIDConnect
import Outbox
public import Polls
public import Posts
public import Preferences
public import Relations
public import Reports
import SiteKeys
public import Store
public import Tags

/// All domains of the product. Who adds one adds it here: a line where it is made, and one in each list.
public struct Domains: Sendable {
    public let resources: Resources
    public let accounts: AccountsDomain
    public let relations: RelationsDomain
    public let posts: PostsDomain
    public let feed: FeedDomain
    public let bookmarks: BookmarksDomain
    public let tags: TagsDomain
    public let engagement: EngagementDomain
    public let comments: CommentsDomain
    public let polls: PollsDomain
    public let reports: ReportsDomain
    public let preferences: PreferencesDomain
    public let devices: DevicesDomain
    public let notifications: NotificationsDomain
    public let administration: AdministrationDomain
    public let deadLetters: DeadLettersDomain
    public let erasure: ErasureDomain
    public let exports: ExportsDomain

    private static let kinds: [any Domain.Type] = [
        AccountsDomain.self, RelationsDomain.self, PostsDomain.self, TagsDomain.self, FeedDomain.self,
        BookmarksDomain.self, EngagementDomain.self, CommentsDomain.self, PollsDomain.self, ReportsDomain.self,
        PreferencesDomain.self, DevicesDomain.self, NotificationsDomain.self, AdministrationDomain.self,
        DeadLettersDomain.self, ErasureDomain.self, ExportsDomain.self,
    ]

    /// Those that others lean on: what they declare is put together here. In the order in which one leans on another.
    private let below: [any Domain]

    /// In the same order.
    public var all: [any Domain] { parts + [effects] }

    /// All but what leans on what they all declare.
    private var parts: [any Domain] { below + [erasure, exports] }

    /// What is counted, beside the rows that are counted.
    public var countAudits: [CountAudit] { parts.flatMap(\.countAudits) }

    /// What clients may subscribe to.
    public var channels: ChannelKinds { ChannelKinds(parts.flatMap(\.channels)) }

    /// What events mean to these.
    public var channelEffects: [ChannelEffect] { parts.flatMap(\.effects) }

    private var effects: EffectsDomain {
        EffectsDomain(resources, kinds: channels, effects: channelEffects)
    }

    /// - Parameters:
    ///   - names: which nobody may take.
    ///   - providers: by which people may log in.
    ///   - devices: what the operator says of them.
    public init(
        _ resources: Resources, hasher: PasswordHasher, names: NameRules = NameRules(),
        providers: [ProviderClient] = [], devices: DeviceOptions = DeviceOptions(),
        waiter: @escaping @Sendable () -> any FeedWaiter
    ) {
        self.resources = resources
        accounts = AccountsDomain(resources, hasher: hasher, names: names, providers: providers)
        let rows = PostRow(facts: [PollsDomain.fact, EngagementDomain.fact, BookmarksDomain.fact])
        feed = FeedDomain(
            resources, rows: rows, accounts: accounts, events: Self.kinds.flatMap { $0.liveEvents },
            ofPosts: [.posts, PollsDomain.channelsOfPosts], waiter: waiter)
        relations = RelationsDomain(
            resources, accounts: accounts, observers: [feed.channelAudience, feed.repair, feed.changes],
            endings: [NotificationsDomain.ending])
        posts = PostsDomain(
            resources, rows: rows, attachments: [PollsDomain.attachment(resources)], accounts: accounts,
            relations: relations, feeds: OwnFeed(timelines: feed.timelines))
        bookmarks = BookmarksDomain(resources, posts: posts)
        engagement = EngagementDomain(resources, relations: relations, posts: posts)
        tags = TagsDomain(resources, posts: posts, observers: [feed.tagChanges])
        comments = CommentsDomain(resources, posts: posts, engagement: engagement)
        polls = PollsDomain(resources)
        let reported: [any Domain] = [accounts, posts, comments]
        reports = ReportsDomain(resources, targets: reported.flatMap(\.reportTargets))
        let notifying: [any Domain] = [relations, posts, engagement, comments, polls]
        let kinds = notifying.flatMap(\.notifications)
        preferences = PreferencesDomain(resources, types: kinds.map(\.type))
        self.devices = DevicesDomain(resources, devices)
        notifications = NotificationsDomain(
            resources, relations: relations, feed: feed, kinds: kinds, news: self.devices.news)
        administration = AdministrationDomain(resources, accounts: accounts, relations: relations)
        deadLetters = DeadLettersDomain(resources, administration: administration)
        below = [
            accounts, relations, posts, tags, feed, bookmarks, engagement, comments, polls, reports, preferences,
            self.devices, notifications, administration, deadLetters,
        ]
        let leaning = below.dropFirst().reversed()
        erasure = ErasureDomain(
            resources, accounts: accounts, relations: relations,
            holdings: Self.logs + ExportsDomain.holdings + leaning.flatMap(\.holdings) + Self.shared
                + accounts.holdings,
            schema: Self.migrations.last!.number)
        exports = ExportsDomain(resources, files: (below + [erasure]).flatMap(\.exports), signer: erasure.signer)
    }

    /// The schema of PostgreSQL, which is the truth. Ids are Martlet's 53-bit ids; a row's time is in its id.
    public static let migrations = Migration.merged(
        kinds.map { $0.migrations }
            + [
                OutboxMigrations.all, IdempotencyMigrations.all, EmbeddedLogMigrations.all, FormatMigrations.all,
                NodeLeaseMigrations.all, ConsumersMigrations.all, LayoutsMigrations.all, SiteKeysMigrations.all,
            ])

    // MARK: Where something of a user is held, beside the domains' own tables and keys

    private static var logs: [Holding] { topics.map { Holding.topic($0) } }

    private static var shared: [Holding] {
        [
            .rows(
                "idempotency_keys", ["user_id", "session_id"], where: { "user_id = \($0)" },
                { "session_id IN (SELECT id FROM sessions WHERE user_id = \($0))" }),
            // The relay moves them into the log.
            .passing("outbox", ["key"]) { "key = (\($0)::bigint)::text" },
        ]
    }

    public static let topics = kinds.flatMap { $0.topics }

    /// Forms that this version reads, and writes once they are enabled.
    public static let formats = kinds.flatMap { $0.formats } + [SiteStore.format]

    /// What live clients are told of.
    public static let liveKinds = kinds.reduce(KnownKinds()) { $0 + $1.liveKinds }
}
