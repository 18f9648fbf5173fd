import Accounts
import Core
import Crypto
import Devices
import DomainKit
import EventLog
import Glibc
import Layouts
import OpenIDConnect
import RedisLink
import Sidecars
import Store

/// The settings of a command, read once and checked.
struct Configuration: Sendable {
    let values: SettingValues
    /// Absolute.
    let dataFolder: String
    /// Where the private servers are, once their folders are made ready.
    var places: PrivateServers.Places?
    /// What PostgreSQL has of the site, once it was read: it goes before the settings.
    var site: SiteRecord?
    /// By which people may log in.
    let providers: [Provider]

    /// - Throws: `SettingError` for what can be said of settings together only.
    init(_ values: SettingValues, for command: String) throws(SettingError) {
        self.values = values
        providers = try Self.providers(values)
        for variable in values.unknownVariables.sorted() {
            Log.warning(.settingUnknown, ["variable": .text(variable), "see": "martlet --help"])
        }
        let folder = values.text("data")!
        dataFolder = Files.absolute(folder)
        switch values.text("log-level") {
        case "debug": Log.setLevel(.debug)
        case "warning": Log.setLevel(.warning)
        case "error": Log.setLevel(.error)
        default: break
        }
        if needsPrivateServers(command), let problem = PrivateServers.problem(withFolder: dataFolder) {
            throw SettingError("\(values.given("data")) is '\(folder)': \(problem)")
        }
        if isPooled, postgres == nil {
            throw SettingError("\(values.given("postgres-direct")) needs MARTLET_POSTGRES, the pooler before it")
        }
        // What the user has set for libpq is meant for other servers than ours.
        if postgres == nil { Self.forgetLibpqVariables() }
    }

    /// Whether a command runs servers in the data folder, or looks for them there. The tools use PostgreSQL only, and a role
    /// by itself has no private servers.
    private func needsPrivateServers(_ command: String) -> Bool {
        switch command {
        case "serve": postgres == nil || redis == nil
        case _ where SettingsList.tools.contains(command): postgres == nil
        default: false
        }
    }

    /// The list and the secrets that it names, which may be links, as Kubernetes mounts them. What is named by a path that is
    /// not absolute is looked for beside the list.
    private static func providers(_ values: SettingValues) throws(SettingError) -> [Provider] {
        guard values.has("oidc-providers"), let path = values.text("oidc-providers") else { return [] }
        let given = "\(values.given("oidc-providers")) is '\(path)'"
        let absolute = Files.absolute(path)
        guard let bytes = Files.read(absolute.resolved, limit: 1 << 20) else {
            throw SettingError("\(given): the file can't be read")
        }
        let folder = absolute[...absolute.lastIndex(of: "/")!]
        do throws(SettingError) {
            let allowsLoopback = values.text("oidc-loopback") == "on"
            return try ProviderList.parse(bytes, allowsLoopback: allowsLoopback) { file in
                Files.read((file.hasPrefix("/") ? file : folder + file).resolved, limit: 4096)
            }
        } catch {
            throw SettingError("\(given): \(error)")
        }
    }

    private static func forgetLibpqVariables() {
        for name in Environment.variables().keys where name.hasPrefix("PG") { unsetenv(name) }
    }

    var port: Int { values.number("port") }
    /// Tools have no such setting.
    var limitsAreOn: Bool { !values.has("limits") || values.text("limits") != "off" }
    /// A tool that touches no timeline has no such setting.
    var partitions: Partitions {
        if let site { return Partitions(count: site.partitions, layout: site.layout) }
        return Partitions(count: values.has("partitions") ? values.number("partitions") : 1)
    }

    /// - Parameter count: of each one's partitions; `nil`: what is recorded, or else the setting's.
    func topics(_ plans: [TopicPlan], partitions count: Int? = nil) -> [Topic] {
        let partitions = count ?? site?.logPartitions ?? values.number("log-partitions")
        return plans.map { Topic(name: $0.name, partitions: partitions, retentionHours: $0.retentionHours) }
    }
    var postgres: String? { values.text("postgres") }
    var redis: String? { values.text("redis") }
    var kafka: String? { values.text("kafka") }

    /// Where PostgreSQL is: the setting, or the private one of the data folder.
    var postgresURL: String { postgres ?? (places ?? PrivateServers.places(in: dataFolder)).postgresURL() }

    /// Past a pooler, for what a session keeps: LISTEN, and migrations; and the setting that names it.
    var directPostgres: (url: String, setting: String) {
        values.text("postgres-direct").map { ($0, "postgres-direct") } ?? (postgresURL, "postgres")
    }
    /// Whether `postgresURL` is a pooler's.
    var isPooled: Bool { values.text("postgres-direct") != nil }

    /// Where Redis is: the setting, or the private one of the data folder.
    func redisAddress() throws -> RedisAddress {
        guard let redis else {
            return RedisAddress(endpoint: .unix(path: (places ?? PrivateServers.places(in: dataFolder)).redisSocket))
        }
        return try RedisAddress(redis)
    }

    /// A user's handle, as it is stored.
    func handle(_ name: String) -> String? {
        values.text(name).map { String($0.lowercased().drop { $0 == "@" }) }
    }

    /// Other sites whose pages may use the API.
    var origins: Set<Origin> {
        Set(Setting.words(values.text("origins") ?? "").compactMap { Origin(setting: $0) })
    }
    var trustedProxies: [IPRange] { Setting.words(values.text("trusted-proxies") ?? "").compactMap { IPRange($0) } }

    /// Of the operator's list.
    func refusedNames() throws -> [String] {
        guard values.has("refused-names"), let path = values.text("refused-names") else { return [] }
        guard let bytes = Files.read(path), let text = String(validating: bytes, as: UTF8.self) else {
            throw Failure("\(values.given("refused-names")): \(path) can't be read as text", exitCode: 2)
        }
        return NameRules.names(of: text)
    }

    var allowsLoopbackProviders: Bool { values.has("oidc-loopback") && values.text("oidc-loopback") == "on" }

    /// Tools have no such settings.
    var devices: DeviceOptions {
        var options = DeviceOptions()
        options.allowsWebhooks = !values.has("webhooks") || values.text("webhooks") != "off"
        if values.has("apns-topics") { options.apnsTopics = Setting.words(values.text("apns-topics") ?? "") }
        options.allowsLoopback = values.has("push-loopback") && values.text("push-loopback") == "on"
        return options
    }

    var kafkaOptions: KafkaOptions? {
        guard let kafka else { return nil }
        var options = KafkaOptions(bootstrapServers: kafka)
        options.prefix = site?.topicPrefix ?? values.text("kafka-prefix") ?? ""
        for pair in Checks.pairs(values.text("kafka-properties") ?? "") {
            if let name = pair.name { options.properties[name] = pair.value }
        }
        if let password = values.text("kafka-password") { options.properties["sasl.password"] = password }
        if values.has("log-replicas") {
            if let copies = values.text("log-replicas").flatMap({ Int($0) }) { options.replicationFactor = copies }
            options.inSyncReplicas = values.text("log-insync-replicas").flatMap { Int($0) }
        }
        return options
    }

    /// What a neighbour is called.
    /// - Parameter name: `postgres`, `postgres-direct`, `redis` or `kafka`.
    static func neighbour(_ name: String) -> String {
        ["postgres": "PostgreSQL", "postgres-direct": "PostgreSQL", "redis": "Redis", "kafka": "Kafka"][name]!
    }

    /// A neighbour's own words, without the passwords that the settings have.
    func reason(of error: any Error) -> String {
        var reason = (error as? PgError)?.message ?? "\(error)"
        for setting in ["postgres", "postgres-direct", "redis", "kafka-properties", "kafka-password"] {
            if let value = values.text(setting) { reason = Secrets.removed(from: reason, of: value) }
        }
        return reason
    }

    /// Why a neighbour can't be used.
    func complaint(about name: String, _ error: any Error) -> String {
        let (neighbour, reason) = (Self.neighbour(name), reason(of: error))
        guard let value = values.text(name) else { return "the private \(neighbour) can't be used: \(reason)" }
        return "\(neighbour) can't be used, \(values.given(name)) is \(values.setting(name).shown(value)): \(reason)"
    }

    /// The secret that all keys are made from, and those that are accepted beside it.
    /// - Parameter makes: makes the file where there is none.
    func secrets(in folder: DataFolder?, makes: Bool) throws -> SiteSecrets {
        let accepted = AcceptedSecrets(values.text("secrets-accepted") ?? "").all
        return SiteSecrets(try secret(in: folder, makes: makes), accepted: accepted)
    }

    /// The setting, or the file in the data folder.
    private func secret(in folder: DataFolder?, makes: Bool) throws -> [UInt8] {
        if let text = values.text("secret") { return Array(text.utf8) }
        if let bytes = try folder?.secret() { return bytes }
        guard makes, let folder else {
            throw Failure(
                "there is no MARTLET_SECRET and no \(dataFolder)/secret: name the data folder of a running serve by "
                    + "MARTLET_DATA, or set MARTLET_SECRET", exitCode: 2)
        }
        let secret = Array(Base64URL.encode(Crypto.randomBytes(48)).utf8)
        try folder.make(secret: secret)
        return secret
    }

    /// The same for whoever makes none; root's rights are given up, before the file is read where the folder is the
    /// account's, and otherwise afterwards.
    func secretsAndNoMore(than account: Account) throws -> SiteSecrets {
        let needsFile = values.text("secret") == nil && Files.isFolder(dataFolder)
        let folder = needsFile ? try DataFolder(dataFolder, for: account, makes: false) : nil
        try folder?.dropWhereItIsTheAccounts()
        let secrets = try secrets(in: folder, makes: false)
        try Privileges.drop(to: account)
        return secrets
    }
}
