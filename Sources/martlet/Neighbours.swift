import Core
import DomainRegistry
import EventLog
import Layouts
import RedisLink
import Sidecars
import Store

/// The servers that a process leans on, and how it waits for them at its start.
final class Neighbours: Sendable {
    let configuration: Configuration
    private let startWait: StartWait
    let threads: Threads

    init(_ configuration: Configuration, _ threads: Threads) {
        (self.configuration, self.threads) = (configuration, threads)
        startWait = StartWait(seconds: configuration.startSeconds)
    }

    /// As `reached`, for the start: what may pass is tried again for as long as the settings say.
    func awaited<T>(_ setting: String, _ work: () async throws -> T) async throws -> T {
        try await reached(setting) {
            while true {
                do {
                    return try await work()
                } catch {
                    let server = Configuration.neighbour(setting)
                    let reason = configuration.reason(of: error)
                    guard try await startWait.goesOn(after: error, server: server, reason: reason) else { throw error }
                }
            }
        }
    }

    /// Does something with a neighbour, and tells its reason by the setting that names it.
    /// - Parameter setting: `postgres`, `postgres-direct`, `redis` or `kafka`.
    func reached<T>(_ setting: String, _ work: () async throws -> T) async throws -> T {
        do {
            return try await work()
        } catch let error where error is PgError || error is RedisError || error is EventLogError {
            throw Failure(configuration.complaint(about: setting, error))
        }
    }

    // MARK: The schema

    /// Waits until the schema is up to date, which it sees to itself where it may.
    func prepareSchema() async throws {
        if configuration.migratesItself {
            _ = try await migrate()
        } else {
            try await withMigrator { try await $0.awaitMigrations(Domains.migrations) }
        }
    }

    /// Brings the schema up to date.
    /// - Returns: the numbers of the steps that ran.
    func migrate() async throws -> [Int] {
        try await withMigrator { try await $0.migrate(Domains.migrations) }
    }

    /// With a connection that gives a statement all the time that it takes: copying a large table takes hours.
    private func withMigrator<T>(_ body: (Database) async throws -> T) async throws -> T {
        let (database, setting) = connection { options in
            options.session.statementTimeout = 0
            options.answerMilliseconds = .max
        }
        defer { database.close() }
        return try await awaited(setting) { try await body(database) }
    }

    /// A connection of one's own, past a pooler, to be closed; and the setting that names its server.
    func connection(_ change: (inout DatabaseOptions) -> Void = { _ in }) -> (Database, setting: String) {
        let (url, setting) = configuration.directPostgres
        var options = DatabaseOptions(connectionInfo: url, connections: 1)
        options.name = nil
        change(&options)
        return (Database(loop: threads.stores, options: options), setting)
    }

    // MARK: The site

    /// Takes a hold on the site's layout, which is the process's from then on.
    /// - Parameter name: of the process's roles.
    func takeLayout(for name: String) async throws -> (LayoutHold, SiteRecord) {
        let (database, setting) = connection { $0.answerMilliseconds = 10_000 }
        let hold = LayoutHold(database: database, name: LayoutHold.name(of: name))
        do {
            return (hold, try await awaited(setting) { try await hold.take(configuration.givenSettings) })
        } catch let error as SiteMismatch {
            await hold.close()
            throw Failure(error.description, exitCode: 2)
        } catch {
            await hold.close()
            throw error
        }
    }

    /// What is recorded of the site, for a command, which holds nothing. `nil` where no process has started yet.
    func recordedSite() async throws -> SiteRecord? {
        let (database, setting) = connection()
        defer { database.close() }
        let record = try await awaited(setting) { try await SiteStore(database: database).read() }
        do {
            if let record { _ = try configuration.givenSettings.outdated(against: record) }
        } catch {
            throw Failure(error.description, exitCode: 2)
        }
        return record
    }
}

extension Configuration {
    /// What this process is told of the site.
    var givenSettings: GivenSettings {
        GivenSettings(
            partitions: values.has("partitions")
                ? .init(
                    values.number("partitions"), isGiven: values.isGiven("partitions"), name: values.given("partitions")
                )
                : nil,
            topicPrefix: kafka == nil
                ? nil
                : .init(
                    values.text("kafka-prefix") ?? "", isGiven: values.isGiven("kafka-prefix"),
                    name: values.given("kafka-prefix")),
            logPartitions: values.has("log-partitions")
                ? .init(
                    values.number("log-partitions"), isGiven: values.isGiven("log-partitions"),
                    name: values.given("log-partitions"))
                : nil)
    }

    /// The same, with what is recorded in place of what was not said.
    func with(_ record: SiteRecord?) -> Configuration {
        var configuration = self
        configuration.site = record
        return configuration
    }
}
