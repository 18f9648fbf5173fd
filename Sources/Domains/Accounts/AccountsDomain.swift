public import Core
public import Crypto
public import DomainKit
public import HTTPService
public import OpenIDConnect
public import Store

/// Users, sessions, tokens.
public struct AccountsDomain: Domain {
    public static let migrations = AccountsMigrations.all
    public static let topics = [TopicPlan(UserEvent.topic, retentionHours: 24 * 7)]

    public static let liveKinds = KnownKinds(UserEvent.self)

    public let accounts: Accounts
    public let users: Users
    public let revocations: Revocations
    public let suspensions: Suspensions
    private let resources: Resources
    private let limits: LogInLimits
    private let providers: [ProviderClient]

    /// - Parameter providers: by which people may log in.
    public init(
        _ resources: Resources, hasher: PasswordHasher, names: NameRules = NameRules(),
        providers: [ProviderClient] = []
    ) {
        self.resources = resources
        self.providers = providers
        revocations = Revocations(clock: resources.clock)
        suspensions = Suspensions(clock: resources.clock)
        accounts = Accounts(
            database: resources.database, ids: resources.ids, hasher: hasher,
            signer: TokenSigner(resources.secrets.keys("access tokens")),
            answers: SealedBox(ofStored: resources.secrets.keys("refresh answers")),
            revocations: revocations, suspensions: suspensions,
            addresses: KnownAddresses(resources.secrets),
            keptKeys: resources.keptKeys, names: names, clock: resources.clock)
        users = Users(database: resources.database)
        limits = LogInLimits(areOn: resources.limitsAreOn, clock: resources.monotonicClock)
    }

    /// Whoever wants to be sure that it is the user himself.
    public var passwordCheck: PasswordCheck { PasswordCheck(accounts: accounts, limits: limits) }

    public var holdings: [Holding] { accounts.holdings }

    public var exports: [ExportedFile] { [AccountFiles.profile, AccountFiles.sessions] }

    /// With the profile as it is.
    public var reportTargets: [ReportTarget] {
        [
            ReportTarget("user") { id in
                """
                SELECT id AS author, concat_ws(E'\n', handle, display_name, status_message, bio) AS copy FROM users
                WHERE id = \(id)
                """
            }
        ]
    }

    public var operations: [Operation] {
        AccountOperations(accounts: accounts, writes: resources.writes, limits: limits).all
            + RecoveryOperations(accounts: accounts, writes: resources.writes, check: passwordCheck).all
            + ProviderOperations(
                accounts: accounts, writes: resources.writes, providers: providers,
                box: SealedBox(ofClients: resources.secrets.keys("log-ins by providers"))
            ).all
            + SessionOperations(
                accounts: accounts, users: users, writes: resources.writes, lists: resources.lists,
                cursors: resources.cursors, limits: limits
            ).all
    }

    public var upkeep: [UpkeepStep] {
        let (accounts, database) = (accounts, resources.connections.scans.database)
        return [
            UpkeepStep("end suspensions") { try await accounts.endSuspensions(database) },
            UpkeepStep("end expired sessions") { try await Accounts.endExpired(database) },
            UpkeepStep("write the end of all sessions down", while: Accounts.mostWrittenAtOnce) {
                try await Accounts.writeEndOfAll(database)
            },
            UpkeepStep("remove answers to refreshes") { try await Accounts.removeAnswers(database) },
            UpkeepStep("remove expired sessions") { try await Accounts.removeExpired(database) },
            UpkeepStep("forget who was erased") { try await accounts.forgetErased() },
            UpkeepStep("remove used log-ins") { try await Accounts.removeUsedLogIns(database) },
            UpkeepStep("remove known addresses") { try await KnownAddresses.removeExpired(database) },
        ]
    }
}
