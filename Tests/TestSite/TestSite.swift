public import Accounts
public import Core
public import Crypto
public import Devices
public import DomainKit
import DomainRegistry
public import Erasure
import EventLog
public import Feed
public import HTTPService
public import OpenIDConnect
public import RedisLink
public import Store
import Synchronization

/// Martlet without sockets: real PostgreSQL and Redis, all domains, and the router. A request is a call and takes some
/// milliseconds; posts reach feeds when the test says `settle()`, and time passes when it says `pass(seconds:)`.
///
///     @Suite(.site) struct GreetingTests {
///         let site = TestSite.current
///
///         @Test func aPostIsShown() async throws {
///             let alice = try await site.signUp()
///             let response = try await alice.post("/v1/posts", ["text": "hello"])
///             #expect(response.status == 201 && response["text"].string == "hello")
///         }
///     }
///
/// A suite has a database of its own in both, and its tests share them: each signs up users of its own.
public final class TestSite: Sendable {
    /// The suite's, by the trait `.site`.
    @TaskLocal static var ofSuite: TestSite?

    public static var current: TestSite {
        guard let site = ofSuite else { fatalError("the suite lacks the trait .site") }
        return site
    }

    /// The time of all there is; it does not move by itself.
    public let clock: ManualClock
    private let copy: TestDatabases.Copy
    private let secrets: SiteSecrets
    private let parts: SiteParts
    private let lastName = Atomic<Int>(0)

    public init(_ options: SiteOptions = SiteOptions()) async throws {
        copy = try await TestDatabases.shared.copy()
        clock = ManualClock(milliseconds: SystemClock().milliseconds())
        secrets = SiteSecrets(Self.secret(copy.number), clock: clock)
        parts = try await Self.parts(copy, clock, secrets, node: 0, options)
        try await pass(seconds: 0)
    }

    /// Another process of the same site.
    private init(besides site: TestSite, _ options: SiteOptions, _ secrets: SiteSecrets?) async throws {
        copy = site.copy
        clock = site.clock
        self.secrets = secrets ?? site.secrets
        parts = try await Self.parts(copy, clock, self.secrets, node: 1, options)
        lastName.store(1_000_000, ordering: .relaxed)
    }

    private static func parts(
        _ copy: TestDatabases.Copy, _ clock: ManualClock, _ secrets: SiteSecrets, node: Int, _ options: SiteOptions
    ) async throws -> SiteParts {
        let nowhere = RedisAddress(endpoint: .unix(path: "/nonexistent/redis.sock"))
        return try await SiteParts(
            postgresURL: copy.url,
            redisAddress: options.hasRedis ? copy.servers.redisAddress(copy.number) : nowhere,
            clock: clock, secrets: secrets, node: node, options)
    }

    /// Another process on the same databases, with the same clock. Close it.
    /// - Parameter secrets: `nil`: the same.
    public func another(
        _ options: SiteOptions = SiteOptions(), secrets: SiteSecrets? = nil
    ) async throws -> TestSite {
        try await TestSite(besides: self, options, secrets)
    }

    /// What the site signs with, for another process that accepts it.
    public var secret: [UInt8] { Self.secret(copy.number) }

    private static func secret(_ number: Int) -> [UInt8] {
        Array("the secret of the site \(number), as long as it has to be".utf8)
    }

    public var database: Database { parts.connections.routes.database }
    public var redis: Redis { parts.connections.routes.redis }
    public var postgresURL: String { copy.url }
    public var redisAddress: RedisAddress { copy.servers.redisAddress(copy.number) }
    public var operations: [Operation] { parts.operations }

    public var accounts: Accounts { parts.domains.accounts.accounts }
    public var devices: DevicesDomain { parts.domains.devices }
    public var channels: Channels { parts.domains.feed.channels }
    public var feeds: FeedReader { parts.domains.feed.reader }
    /// What clients may subscribe to.
    public var channelKinds: ChannelKinds { parts.domains.channels }

    // MARK: Who asks

    public func stranger(at address: String = "127.0.0.1") -> Stranger { Stranger(site: self, address: address) }

    /// - Parameter handle: `nil`: one that nobody has.
    public func signUp(_ handle: String? = nil, at address: String = "127.0.0.1") async throws -> TestUser {
        let handle = handle ?? newHandle()
        let response = try await stranger(at: address).post(
            "/v1/auth/signup", ["handle": .string(handle), "password": .string(TestUser.password)])
        return try TestUser(response, at: address, of: self)
    }

    /// One that nobody has.
    public func newHandle() -> String { "user_\(lastName.add(1, ordering: .relaxed).newValue)" }

    /// The same user in a session of its own.
    public func logIn(_ user: TestUser, at address: String? = nil) async throws -> TestUser {
        let address = address ?? user.address
        let response = try await stranger(at: address).post(
            "/v1/auth/login", ["handle": .string(user.handle), "password": .string(TestUser.password)])
        return try TestUser(response, at: address, of: self)
    }

    /// What becomes of it when a provider has named somebody: no route, for no provider is asked.
    /// - Parameter logIn: `nil`: a new one.
    public func logIn(
        subject: String, of provider: Provider = SiteOptions().providers[0], by logIn: PendingLogIn? = nil,
        at address: String = "127.0.0.1"
    ) async throws -> TestResponse {
        let logIn = logIn ?? PendingLogIn(redirect: provider.redirects[0], now: clock.milliseconds())
        return try await parts.logIn(subject: subject, of: provider, by: logIn, from: address)
    }

    func send(
        _ method: String, _ target: String, headers: [String: String], body: [UInt8], from address: String
    ) async throws -> TestResponse {
        let response = await parts.respond(
            method, target, headers: headers.map { ($0.key, $0.value) }, body: body, from: address)
        guard let response else { throw InvalidTarget(target: target) }
        return response
    }

    struct InvalidTarget: Error {
        let target: String
    }

    // MARK: What happens by itself in a site that runs

    /// Brings what was posted into the feeds, and what else follows from it.
    public func settle() async throws { try await parts.fanOut() }

    /// All that a group has read comes to it again, with the next `settle()`.
    public func rewind(_ group: String) { parts.log.rewind(group) }

    /// Puts a record into the log, whatever is in it.
    public func append(_ value: [UInt8], to topic: String, key: String, headers: [String: String] = [:]) async throws {
        try await parts.log.append([NewRecord(topic: topic, key: key, value: value, headers: headers)])
    }

    /// What has come into a topic of the log, in order; `settle()` brings it there.
    /// - Parameter key: whose.
    /// - Returns: what kinds of events.
    public func events(in topic: String, of key: String) -> [String] { parts.events(in: topic, of: key) }

    /// Whether a long poll of the user waits: its process is told what comes into the feed.
    public func isHeardOf(_ user: TestUser) async throws -> Bool { try await parts.isHeardOf(user.id) }

    /// By the operator.
    public func grant(_ user: TestUser, _ role: UserRole) async throws {
        try await parts.grant(user.handle, role)
    }

    /// Suspends a user, with what a route that does it would tell; or ends it.
    /// - Parameter seconds: `nil`: without end.
    public func suspend(_ user: TestUser, seconds: Double? = nil) async throws {
        let end = seconds.map { Suspension(end: clock.milliseconds() + Int64($0 * 1000)) }
        try await parts.suspend(user.id, end ?? .endless)
    }

    public func restore(_ user: TestUser) async throws { try await parts.suspend(user.id, nil) }

    /// By the operator.
    /// - Parameter user: `nil`: everybody's.
    /// - Returns: how many, of a user.
    @discardableResult
    public func endSessions(of user: TestUser?) async throws -> Int? { try await parts.endSessions(user?.handle) }

    /// What has ended elsewhere is known to this process.
    public func lookForEndedSessions() async throws { try await parts.lookForEndedSessions() }

    /// Who is suspended, by hand or elsewhere, is known to this process.
    public func lookForSuspensions() async throws { try await parts.lookForSuspensions() }

    /// What the role `worker` does, until it has nothing to do.
    /// - Parameter names: of jobs; `nil`: of all.
    public func runJobs(_ names: [String]? = nil) async throws { try await parts.jobs(names) }

    public var topics: [TopicPlan] { Domains.topics }

    /// Where something of users is held.
    public var holdings: [Holding] { parts.holdings }

    /// Whether something is left of those who were erased.
    public var audit: ErasureAudit { parts.audit }

    /// Counters that are not what they count.
    /// - Parameter repairs: sets them right.
    public func wrongCounts(repairs: Bool = false) async throws -> [CountAudit.Finding] {
        try await parts.wrongCounts(repairs: repairs)
    }

    /// What `martlet audit feeds --all` finds, with a second look that comes at once.
    /// - Parameter repairs: makes them right.
    public func auditFeeds(repairs: Bool = false) async throws -> (findings: [FeedFinding], passed: Int, failed: Int) {
        var findings: [FeedFinding] = []
        let (passed, failed) = try await parts.domains.feed.auditRun(patience: 0).run(.all, repairs: repairs) {
            findings.append($0)
        }
        return (findings, passed, failed)
    }

    /// The log's records have aged out.
    public func forgetLog() { parts.log.forget() }

    /// What is in an export.
    public var exportedFiles: [ExportedFile] { parts.exportedFiles }

    /// What is done every few seconds.
    public func runUpkeep() async throws { try await parts.upkeep() }

    /// Lets time pass, also in the database and for rates; not in Redis. For all tests of the suite: one that does so is
    /// `.serialized`.
    public func pass(seconds: Double) async throws {
        clock.advance(milliseconds: Int64(seconds * 1000))
        try await database.query(
            "UPDATE clock.instant SET time = to_timestamp(\(clock.milliseconds())::bigint / 1000.0)")
    }

    /// How many transactions wait for a lock that another one holds.
    public func waitingForLocks() async throws -> Int {
        try await database.query(
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        ).count
    }

    /// The names of all keys in Redis.
    public func keys() async throws -> [String] {
        guard case .array(let keys) = try await redis.command("KEYS", "*") else { return [] }
        return keys.compactMap(\.text)
    }

    /// All that is under a key, behind each other.
    public func contents(of key: String) async throws -> [UInt8] {
        let key = RedisArgument.text(key)
        switch try await redis.command("TYPE", key).text {
        case "string": return try await redis.command("GET", key).bytes ?? []
        case "list": return try await bytes(redis.command("LRANGE", key, "0", "-1"))
        case "hash": return try await bytes(redis.command("HGETALL", key))
        case "set": return try await bytes(redis.command("SMEMBERS", key))
        default: return []
        }
    }

    private func bytes(_ reply: RedisReply) -> [UInt8] {
        guard case .array(let elements) = reply else { return [] }
        return elements.flatMap { $0.bytes ?? [] }
    }

    /// Redis forgets all.
    public func flushRedis() async throws { _ = try await redis.command("FLUSHDB") }

    public func close() async { await parts.close() }
}
