import Core
import Glibc
import Runtime

/// The PostgreSQL and the Redis that `serve` runs in its data folder, on Unix sockets that nobody else may open. They
/// survive a `kill -9` of `serve`, and the next one takes them over; a clean end stops them and leaves the data.
public final class PrivateServers: Sendable {
    private let postgres: PrivatePostgres?
    private let redis: PrivateRedis?

    /// - Parameters:
    ///   - folder: the data folder, absolute.
    ///   - needsPostgres: false where the settings name one.
    public init(folder: String, needsPostgres: Bool, needsRedis: Bool) throws {
        let account = try UnprivilegedAccount.find()
        postgres = needsPostgres ? try PrivatePostgres(folder: folder, account: account) : nil
        redis = needsRedis ? try PrivateRedis(folder: folder, account: account) : nil
    }

    /// The connection string of the private PostgreSQL in a data folder.
    public static func postgresURL(_ folder: String) -> String {
        "host=\(PrivatePostgres.socketFolder(folder)) user=martlet dbname=martlet"
    }

    public static func redisURL(_ folder: String) -> String { "unix://\(PrivateRedis.socket(folder))" }

    public func start() throws {
        try postgres?.start()
        try redis?.start()
    }

    /// Starts again what has died. Called every now and then.
    public func restartDead() {
        do {
            try postgres?.restartIfDead()
            try redis?.restartIfDead()
        } catch {
            Log.error("private server not restarted", ["error": .text("\(error)")])
        }
    }

    public func stop() {
        redis?.stop()
        postgres?.stop()
    }
}

/// PostgreSQL refuses to run as root, and Redis need not: then both run as an account of the system.
struct UnprivilegedAccount: Sendable {
    /// `nil` when this process isn't root: then they run as its own user.
    let name: String?
    let uid: uid_t
    let gid: gid_t

    static func find() throws -> UnprivilegedAccount {
        guard getuid() == 0 else { return UnprivilegedAccount(name: nil, uid: getuid(), gid: getgid()) }
        for name in ["martlet", "postgres", "nobody"] {
            if let entry = getpwnam(name) {
                return UnprivilegedAccount(name: name, uid: entry.pointee.pw_uid, gid: entry.pointee.pw_gid)
            }
        }
        throw Failure("no account for the private servers: make a user martlet")
    }

    /// The command, as this account.
    func command(_ arguments: [String]) -> [String] {
        guard name != nil else { return arguments }
        return ["setpriv", "--reuid=\(uid)", "--regid=\(gid)", "--clear-groups"] + arguments
    }

    /// A folder of the account's own. Where the account can't get to it (it lies in root's home), it is made in
    /// /var/lib/martlet, with a link in its place.
    func makeFolder(_ path: String) throws {
        if !Files.exists(path) { try Files.makeFolder(path, mode: 0o700) }
        guard name != nil else { return }
        chown(path, uid, gid)
        if try ChildProcess.run(command(["test", "-w", path])).status == 0 { return }
        let digest = SipHash(key: Array("martlet data dir".utf8)).hash(Array(path.utf8))
        let other = "/var/lib/martlet/\(String(digest, radix: 16))"
        try Files.makeFolder(other, mode: 0o755)
        chown(other, uid, gid)
        chmod(other, 0o700)
        guard rmdir(path) == 0, symlink(other, path) == 0 else {
            throw Failure("\(path) can't be reached by the account \(name!): choose another MARTLET_DATA")
        }
        Log.info("data lies elsewhere", ["link": .text(path), "folder": .text(other)])
    }
}

extension String {
    /// The path behind a link, for programs of an account that can't get to the link.
    public var resolved: String {
        guard let path = realpath(self, nil) else { return self }
        defer { free(path) }
        return String(cString: path)
    }
}
