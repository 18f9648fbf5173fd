import Core
import Glibc

/// A Redis in the data folder. It keeps its data over a clean end: it writes a snapshot when it stops and reads it at
/// the next start. The snapshot is removed before anything new is written, for Redis must never go back in time under
/// its old epoch; after a crash it starts empty and heals.
final class PrivateRedis: Sendable {
    private let folder: String
    private let account: UnprivilegedAccount

    init(folder: String, account: UnprivilegedAccount) throws {
        self.folder = folder + "/redis"
        self.account = account
    }

    static func socket(_ folder: String) -> String { (folder + "/redis").resolved + "/redis.sock" }

    private var path: String { folder.resolved }
    private var log: String { path + "/redis.log" }
    private var snapshot: String { path + "/dump.rdb" }

    func start() throws {
        try account.makeFolder(folder)
        if isAlive {
            unlink(snapshot)
            return
        }
        unlink(path + "/redis.sock")
        let arguments = [
            "redis-server", "--port", "0", "--unixsocket", path + "/redis.sock", "--unixsocketperm", "700",
            "--dir", path, "--dbfilename", "dump.rdb", "--save", "", "--appendonly", "no", "--daemonize", "yes",
            "--pidfile", path + "/redis.pid", "--logfile", log, "--maxmemory-policy", "volatile-lru",
            "--client-output-buffer-limit", "pubsub 256mb 64mb 60",
        ]
        let started = try ChildProcess.run(account.command(arguments))
        guard started.status == 0 else { throw Failure("Redis did not start: \(started.output)") }
        for _ in 0..<600 {
            if (try? cli("PING").output.hasPrefix("PONG")) == true {
                unlink(snapshot)
                return
            }
            usleep(10_000)
        }
        throw Failure("Redis did not come up:\n\(Files.tail(log))")
    }

    private func cli(_ words: String...) throws -> ChildProcess.Result {
        try ChildProcess.run(["redis-cli", "-s", path + "/redis.sock"] + words)
    }

    private var isAlive: Bool { UnixSocket.answers(path + "/redis.sock") }

    func restartIfDead() throws {
        guard !isAlive else { return }
        Log.warning("Redis has died: starting an empty one")
        unlink(snapshot)
        try start()
    }

    func stop() {
        _ = try? cli("SHUTDOWN", "SAVE")
        for _ in 0..<200 where isAlive { usleep(10_000) }
    }
}
