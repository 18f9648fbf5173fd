import Core
import Glibc
import Sidecars
import Social
import Store

/// Makes users who follow one author, and writes an access token for each: for benchmarks and demos.
enum Seed {
    static func run(_ configuration: Configuration) async throws {
        let values = configuration.values
        guard let author = values.text("follow") else {
            throw Failure("whom do they follow? --follow HANDLE", exitCode: 2)
        }
        guard let path = values.text("tokens") else {
            throw Failure("where do the tokens go? --tokens FILE", exitCode: 2)
        }
        let site = try await Site(configuration, makeSecret: false, node: 62, passwordThreads: 1)
        guard let followee = try await site.users.id(handle: author) else {
            throw Failure("there is no user @\(author)")
        }
        let count = values.number("users")
        let seeder = Seeder(database: site.database, ids: site.ids)
        var lines = ByteWriter(capacity: count * 300)
        var made = 0
        while made < count {
            let some = min(1000, count - made)
            let hash = made == 0 ? try await site.accounts.hashPassword(unusablePassword()) : nil
            let sessions = try await seeder.makeFollowers(
                of: followee, count: some, handlePrefix: values.text("prefix")!, passwordHash: hash)
            for (user, session) in sessions {
                lines.append(
                    site.accounts.accessToken(user: user, session: session, seconds: Int64(values.number("lifetime"))))
                lines.append(10)
            }
            made += some
        }
        try Files.write(path, lines.bytes, mode: 0o600)
        Program.say("\(made) users follow @\(author); their access tokens are in \(path)")
    }

    /// Nobody logs in as one of these users.
    private static func unusablePassword() -> String {
        String((0..<4).map { _ in String(UInt64.random(in: 0 ... .max), radix: 36) }.joined().prefix(40))
    }
}
