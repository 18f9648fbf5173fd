import Core
import Sidecars
import Social
import Store
import Tail

/// The small commands.
enum Tools {
    static func migrate(_ configuration: Configuration) async throws {
        let site = try await Site(configuration, makeSecret: true, node: 63, passwordThreads: 1)
        let done = try await site.migrate()
        Program.say(
            done.isEmpty ? "the schema is up to date" : "migrated: " + done.map(String.init).joined(separator: ", "))
    }

    /// A thread of its own: it reads from a connection for as long as it lives.
    static func tail(_ arguments: [String]) throws -> Int32 {
        let values = try Program.values("tail", arguments.filter { $0 != "--json" })
        let options = TailOptions(
            url: values.text("url")!, token: values.text("token"), handle: values.text("handle"),
            password: values.text("password"), json: arguments.contains("--json"),
            color: TailOptions.Color(rawValue: values.text("color")!)!)
        return runTail(options)
    }

    static func token(_ configuration: Configuration) async throws {
        guard let handle = configuration.values.text("handle") else {
            throw Failure("whose token? --handle NAME", exitCode: 2)
        }
        let site = try await Site(configuration, makeSecret: false, node: 63, passwordThreads: 1)
        guard let user = try await site.users.id(handle: handle) else { throw Failure("there is no user @\(handle)") }
        let session = try await site.accounts.openSession(of: user)
        Program.say(
            site.accounts.accessToken(
                user: user, session: session, seconds: Int64(configuration.values.number("lifetime"))))
    }
}
