import Core
import Glibc
import Synchronization

/// A Redis in the data folder. It keeps its data over a clean end: it writes a snapshot when it stops and reads it at
/// the next start. The snapshot is removed before anything new is written, for Redis must never go back in time under
/// its old epoch; after a crash it starts empty and heals. So what it has read from a snapshot is whole, and it is told so.
final class PrivateRedis: Sendable {
    /// Its own folder, behind links.
    private let path: String
    private let account: Account
    private let patience: Patience
    private let whole: String?
    private let launched = Mutex<pid_t?>(nil)

    /// - Parameter whole: a command, as a line, for a Redis that has all the data of a clean end.
    init(folder: String, account: Account, patience: Patience, whole: String?) {
        path = folder
        self.whole = whole
        self.account = account
        self.patience = patience
    }

    private var socket: String { path + "/" + PrivateServerKind.redis.socket }
    private var log: String { path + "/redis.log" }
    private var pidFile: String { path + "/" + PrivateServerKind.redis.pidFile }
    private var snapshot: String { path + "/dump.rdb" }

    func start() throws {
        let isRunning = UnixSocket.answers(socket)
        let isWhole = !isRunning && Files.exists(snapshot)
        if !isRunning { try launch() }
        // It answers with an error while it reads the snapshot.
        let isReady = try patience.wait(seconds: 60) {
            UnixSocket.ask(socket, "PING", milliseconds: 1000)?.hasPrefix("+PONG") == true
        }
        guard isReady else { throw Failure("Redis did not come up:\n\(Files.tail(log))") }
        if isWhole, let whole { _ = UnixSocket.ask(socket, whole, milliseconds: 5000) }
        unlink(snapshot)
    }

    private func launch() throws {
        unlink(socket)
        let pid = try ChildProcess.launch(
            [
                "redis-server", "--port", "0", "--unixsocket", socket, "--unixsocketperm", "700", "--dir", path,
                "--dbfilename", "dump.rdb", "--save", "", "--appendonly", "no", "--daemonize", "no", "--pidfile",
                pidFile,
                "--maxmemory-policy",
                "volatile-lru", "--client-output-buffer-limit", "pubsub 256mb 64mb 60",
            ], account, in: path, log: log)
        launched.withLock { $0 = pid }
        _ = try patience.wait(seconds: 60) { UnixSocket.answers(socket) || ChildProcess.hasEnded(pid) }
        guard UnixSocket.answers(socket) else { throw Failure("Redis did not start:\n\(Files.tail(log))") }
    }

    func restartIfDead() throws {
        guard !UnixSocket.answers(socket) else { return }
        Log.warning(.redisRestarted)
        reap()
        unlink(snapshot)
        try start()
    }

    /// Takes note of its end, or a zombie stays as long as this process.
    private func reap() {
        launched.withLock { pid in
            if let dead = pid, ChildProcess.hasEnded(dead) { pid = nil }
        }
    }

    /// Whoever listens. One that takes no connections can't be asked: then the one that this process has started, or that
    /// a `serve` before it has left.
    private var server: pid_t? {
        UnixSocket.server(socket) ?? launched.withLock { $0 }
            ?? PidFile.process(pidFile, program: "redis-server", path: socket)
    }

    /// Without waiting.
    func signalStop() {
        guard let server else { return }
        kill(server, SIGTERM)
        kill(server, SIGCONT)
    }

    func stop() {
        guard let server else { return }
        // One that was stopped goes on, to hear it.
        kill(server, SIGCONT)
        // It closes the connection without an answer when it goes.
        _ = UnixSocket.ask(socket, "SHUTDOWN SAVE", milliseconds: 5000)
        // What it holds can be made again.
        for (number, milliseconds) in [(0, 2000), (SIGTERM, 2000), (SIGKILL, 1000)] {
            kill(server, number)
            for _ in 0..<milliseconds / 5 {
                if ChildProcess.hasEnded(server) { return launched.withLock { $0 = nil } }
                usleep(5000)
            }
        }
        Log.error(.redisStuck, ["pid": .number(Int64(server))])
    }
}
