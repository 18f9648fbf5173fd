import Core
import Crypto
import Glibc
import NodeLease
import Runtime
import Sidecars
import Store
import Tail

/// The small commands.
enum Tools {
    /// A site for a command: its connections end with it, whatever comes.
    /// - Parameters:
    ///   - needsSecret: false for what makes and checks nothing that others see.
    static func withSite(
        _ configuration: Configuration, needsSecret: Bool, node: Int, _ body: (Site) async throws -> Void
    ) async throws {
        var configuration = configuration
        let places = PrivateServers.places(in: configuration.dataFolder)
        configuration.places = places
        // Root becomes whoever runs the private servers, or else Martlet's account.
        let isPrivate = Privileges.areRoots && configuration.postgres == nil
        let owner = isPrivate ? try PrivateServers.ownerOfPostgres(in: configuration.dataFolder) : nil
        let account = try owner ?? ServerAccount.find()
        let secrets =
            needsSecret ? try configuration.secretsAndNoMore(than: account) : SiteSecrets(Crypto.randomBytes(48))
        try Privileges.drop(to: account)
        // There is nothing to drain: what was not committed is rolled back.
        Signals.onTermination { number in _exit(128 + number) }
        let neighbours = Neighbours(configuration, Threads(configuration, passwords: 1))
        configuration = configuration.with(try await neighbours.recordedSite())
        let site = try await Site(configuration, neighbours, secrets: secrets, node: node)
        do {
            try await neighbours.reached("postgres") { try await body(site) }
        } catch {
            await site.close()
            throw error
        }
        await site.close()
    }

    static func migrate(_ configuration: Configuration) async throws {
        try await withSite(configuration, needsSecret: false, node: NodeNumbers.tools) { site in
            let done = try await site.neighbours.migrate()
            Console.say(
                done.isEmpty
                    ? "the schema is up to date" : "migrated: " + done.map(String.init).joined(separator: ", "))
        }
    }

    /// A thread of its own: it reads from a connection for as long as it lives.
    static func tail(_ arguments: [String]) throws -> Int32 {
        let flags = arguments.filter { $0 != "--json" }.flatMap {
            $0 == "--notifications" ? ["--channel", TailOptions.notifications] : [$0]
        }
        var values = try SettingsList.values(of: "tail", flags)
        let who = try TerminalCommand.caller(&values)
        try values.choose(["since"], or: ["posts"])
        try values.choose(["since"], or: ["channel"])
        let options = TailOptions(
            url: values.text("url")!, token: who.token, handle: who.handle, password: who.password,
            json: arguments.contains("--json"),
            color: TailOptions.Color(rawValue: values.text("color")!)!, posts: values.number("posts"),
            since: values.text("since"), channel: values.text("channel"))
        return runTail(options)
    }

    static func token(_ configuration: Configuration) async throws {
        guard let handle = configuration.handle("handle") else {
            throw Failure("whose token? --handle NAME", exitCode: 2)
        }
        try await withSite(configuration, needsSecret: true, node: NodeNumbers.tools) { site in
            guard let user = try await site.domains.accounts.users.id(handle: handle) else {
                throw Failure("there is no user @\(handle)")
            }
            let lifetime = Int64(configuration.values.number("lifetime"))
            let session = try await site.accounts.openSession(of: user, seconds: lifetime)
            Console.say(site.accounts.accessToken(user: user, session: session, seconds: lifetime))
        }
    }
}
