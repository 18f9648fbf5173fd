import Core
import Glibc

/// The PostgreSQL and the Redis that `serve` runs in its data folder, on Unix sockets that nobody else may open. They
/// survive a `kill -9` of `serve`, and the next one takes them over; a clean end stops them and leaves the data.
public final class PrivateServers: Sendable {
    private let patience = Patience()
    private let postgres: PrivatePostgres?
    private let redis: PrivateRedis?

    /// - Parameters:
    ///   - folder: the data folder, absolute.
    ///   - needsPostgres: false where the settings name one.
    public init(folder: String, needsPostgres: Bool, needsRedis: Bool) throws {
        let account = try UnprivilegedAccount.find()
        postgres = needsPostgres ? PrivatePostgres(folder: folder, account: account, patience: patience) : nil
        redis = needsRedis ? PrivateRedis(folder: folder, account: account, patience: patience) : nil
    }

    /// The connection string of the private PostgreSQL in a data folder.
    public static func postgresURL(_ folder: String) -> String {
        let host = PrivatePostgres.socketFolder(folder).replacing("\\", with: "\\\\").replacing("'", with: "\\'")
        return "host='\(host)' port=5432 user=martlet dbname=martlet"
    }

    /// The socket of the private Redis in a data folder.
    public static func redisSocket(_ folder: String) -> String { PrivateRedis.socket(folder) }

    /// Why the private servers can't lie in a folder, or `nil`. The folder need not exist.
    /// - Parameter folder: absolute.
    public static func problem(withFolder folder: String) -> String? {
        let longest = UnixSocket.longestPath - "/postgres/".utf8.count - PrivatePostgres.socketName.utf8.count
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
            if !(error is Interrupted) { Log.error("private server not restarted", ["error": .text("\(error)")]) }
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
