import Core
import Glibc

/// The PostgreSQL and the Redis that `serve` runs in its data folder, on Unix sockets that nobody else may open. They
/// survive a `kill -9` of `serve`, and the next one takes them over; a clean end stops them and leaves the data.
public final class PrivateServers: Sendable {
    /// Where their folders are, behind links.
    public struct Places: Sendable {
        let postgres: String
        let redis: String

        /// The connection string of the private PostgreSQL.
        /// - Parameter role: `martlet`, which has the database, or the superuser `maintenance`.
        public func postgresURL(as role: String = "martlet") -> String {
            let host = postgres.replacing("\\", with: "\\\\").replacing("'", with: "\\'")
            return "host='\(host)' port=5432 user=\(role) dbname=martlet"
        }

        /// The socket of the private Redis.
        public var redisSocket: String { redis + "/" + PrivateServerKind.redis.socket }
    }

    /// In a data folder that a `serve` uses, or has not used yet.
    public static func places(in folder: String) -> Places {
        func place(_ kind: PrivateServerKind) -> String { (folder + "/" + kind.rawValue).resolved }
        return Places(postgres: place(.postgres), redis: place(.redis))
    }

    /// Who runs the private PostgreSQL in a data folder, for root to become; `nil` where there is none, or its folder is
    /// root's.
    /// - Throws: where a link on the way is not root's: it could lead to any account's.
    public static func ownerOfPostgres(in folder: String) throws -> Account? {
        let path = folder + "/" + PrivateServerKind.postgres.rawValue
        guard Files.exists(path) else { return nil }
        let status = try Folder.open(path, makes: false).status
        return status.st_uid == 0 ? nil : Account(uid: status.st_uid, gid: status.st_gid)
    }

    public let places: Places
    private let patience = Patience()
    private let postgres: PrivatePostgres?
    private let redis: PrivateRedis?

    /// Makes their folders ready; all else is done by `start`. Only this needs root's rights.
    /// - Parameters:
    ///   - needsPostgres: false where the settings name one.
    ///   - connections: how many this process may have to PostgreSQL.
    ///   - wholeRedis: a command, as a line, for a Redis that has all the data of a clean end.
    public init(
        in folder: DataFolder, needsPostgres: Bool, needsRedis: Bool, connections: Int = 0, wholeRedis: String? = nil
    ) throws {
        let account = folder.account
        let elsewhere = Self.places(in: folder.path)
        places = Places(
            postgres: needsPostgres ? try folder.folder(of: .postgres, patience) : elsewhere.postgres,
            redis: needsRedis ? try folder.folder(of: .redis, patience) : elsewhere.redis)
        postgres =
            needsPostgres
            ? PrivatePostgres(
                folder: places.postgres, account: account, patience: patience, connections: connections)
            : nil
        redis =
            needsRedis
            ? PrivateRedis(folder: places.redis, account: account, patience: patience, whole: wholeRedis) : nil
    }

    /// Why the private servers can't be in a folder, or `nil`. The folder need not exist.
    /// - Parameter folder: absolute.
    public static func problem(withFolder folder: String) -> String? {
        let longest = UnixSocket.longestPath - "/postgres/".utf8.count - PrivateServerKind.postgres.socket.utf8.count
        let path = Files.resolvedAsFarAsItExists(folder)
        if path.utf8.count > longest {
            return "\(path.utf8.count) bytes as an absolute path, a Unix socket in it allows \(longest)"
        }
        // libpq takes a host with a comma for several hosts, whatever the quotes.
        if path.utf8.contains(UInt8(ascii: ",")) { return "a comma in the path" }
        if path.utf8.contains(where: { $0 < 32 || $0 == 127 }) { return "a control character in the path" }
        return nil
    }

    /// Blocks until both are ready. What it has started is stopped when it throws.
    /// - Throws: `Interrupted` after `interruptStart()`, otherwise `Failure`.
    public func start() throws {
        do {
            try postgres?.start()
            try redis?.start()
        } catch {
            stop()
            throw error
        }
    }

    /// Ends a start, or a restart, that is under way. For ever: only `stop()` may follow.
    public func interruptStart() { patience.end() }

    /// Starts again what has died. Called every now and then.
    public func restartDead() {
        do {
            try postgres?.restartIfDead()
            try redis?.restartIfDead()
        } catch {
            if !(error is Interrupted) { Log.error(.serverNotRestarted, ["error": .text("\(error)")]) }
        }
    }

    public func stop() {
        redis?.stop()
        postgres?.stop()
    }

    /// Tells them to stop, for a process that can't wait.
    public func signalStop() {
        redis?.signalStop()
        postgres?.signalStop()
    }
}
