import Core
import DomainRegistry
import Glibc
import NodeLease
import Sidecars
import Store

/// Makes users who follow one author, and writes an access token for each: for benchmarks and demos.
enum Seed {
    static func run(_ configuration: Configuration) async throws {
        let values = configuration.values
        guard let author = configuration.handle("follow") else {
            throw Failure("whom do they follow? --follow HANDLE", exitCode: 2)
        }
        guard let path = values.text("tokens") else {
            throw Failure("where do the tokens go? --tokens FILE", exitCode: 2)
        }
        // Opened while root may still write where the caller wants it.
        let file = try NewFile(Files.absolute(path))
        try await Tools.withSite(configuration, needsSecret: true, node: NodeNumbers.seed) { site in
            try await make(values.number("users"), following: author, tokens: file, site)
        }
    }

    private static func make(_ count: Int, following author: String, tokens file: NewFile, _ site: Site) async throws {
        let values = site.configuration.values
        guard let followee = try await site.domains.accounts.users.id(handle: author) else {
            throw Failure("there is no user @\(author)")
        }
        let lifetime = Int64(values.number("lifetime"))
        let seeder = Seeder(database: site.connections.routes.database, ids: site.domains.resources.ids)
        var lines = ByteWriter(capacity: count * 300)
        var made = 0
        while made < count {
            let some = min(1000, count - made)
            let hash = made == 0 ? try await site.accounts.hashPassword(unusablePassword()) : nil
            let sessions = try await seeder.makeFollowers(
                of: followee, count: some, handlePrefix: values.text("prefix")!.lowercased(), passwordHash: hash,
                seconds: lifetime)
            for (user, session) in sessions {
                lines.append(site.accounts.accessToken(user: user, session: session, seconds: lifetime))
                lines.append(10)
            }
            made += some
        }
        try file.write(lines.bytes)
        Program.say("\(made) users follow @\(author); their access tokens are in \(file.path)")
    }

    /// Nobody logs in as one of these users.
    private static func unusablePassword() -> String {
        String((0..<4).map { _ in String(UInt64.random(in: 0 ... .max), radix: 36) }.joined().prefix(40))
    }
}
