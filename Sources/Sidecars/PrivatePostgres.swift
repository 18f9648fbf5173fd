import Core
import Glibc

/// A PostgreSQL cluster in the data folder.
final class PrivatePostgres: Sendable {
    private let folder: String
    private let account: UnprivilegedAccount
    private let programs: String

    init(folder: String, account: UnprivilegedAccount) throws {
        self.folder = folder + "/postgres"
        self.account = account
        guard let programs = Self.programs() else {
            throw Failure("PostgreSQL is not installed: apt-get install postgresql, or set MARTLET_POSTGRES")
        }
        self.programs = programs
    }

    /// The newest installed version's programs.
    private static func programs() -> String? {
        (13...30).reversed().map { "/usr/lib/postgresql/\($0)/bin" }.first { Files.exists($0 + "/postgres") }
    }

    static func socketFolder(_ folder: String) -> String { (folder + "/postgres").resolved }

    private var path: String { folder.resolved }
    private var cluster: String { path + "/cluster" }
    /// The server's own log.
    private var log: String { path + "/postgres.log" }
    /// What the programs say; this process opens it, not the account.
    private var commandLog: String { path + "/commands.log" }

    func start() throws {
        try account.makeFolder(folder)
        guard path.utf8.count < 85 else {
            throw Failure("the path \(path) is too long for a Unix socket: choose a shorter MARTLET_DATA")
        }
        if !Files.exists(cluster + "/PG_VERSION") { try create() }
        guard !isRunning else { return }
        try launch()
    }

    private func run(_ program: String, _ arguments: [String]) throws -> ChildProcess.Result {
        try ChildProcess.run(account.command([programs + "/" + program] + arguments), log: commandLog)
    }

    private func create() throws {
        Log.info("making a PostgreSQL cluster", ["folder": .text(cluster)])
        // A draft that becomes the cluster when it is whole: an interrupted start leaves no half of one.
        let draft = cluster + ".new"
        if Files.exists(draft) { _ = try ChildProcess.run(["rm", "-rf", draft]) }
        let made = try run(
            "initdb", ["-D", draft, "-U", "martlet", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8"])
        guard made.status == 0 else { throw Failure("initdb failed:\n\(Files.tail(commandLog))") }
        guard rename(draft, cluster) == 0 else { throw Failure("\(cluster) can't be made") }
    }

    private var isRunning: Bool { UnixSocket.answers(path + "/.s.PGSQL.5432") }

    private func launch() throws {
        let options = [
            "listen_addresses=", "unix_socket_directories=\(path)", "unix_socket_permissions=0700",
            "max_connections=100", "shared_buffers=128MB", "max_wal_size=2GB", "checkpoint_timeout=15min", "jit=off",
            "wal_compression=on",
            // O_DSYNC: as durable as the default, fdatasync after the write, in one call instead of two; with commits as
            // small as these it takes a tenth of the time (pg_test_fsync).
            "wal_sync_method=open_datasync",
        ].map { "-c '\($0)'" }.joined(separator: " ")
        let started = try run("pg_ctl", ["-D", cluster, "-l", log, "-w", "-t", "60", "-o", options, "start"])
        guard started.status == 0 else { throw Failure("PostgreSQL did not come up:\n\(Files.tail(log))") }
        let database = try run("psql", ["-h", path, "-U", "martlet", "-d", "martlet", "-c", "SELECT 1"])
        if database.status != 0 {
            let created = try run("createdb", ["-h", path, "-U", "martlet", "martlet"])
            guard created.status == 0 else { throw Failure("createdb failed:\n\(Files.tail(commandLog))") }
        }
    }

    func restartIfDead() throws {
        guard !isRunning else { return }
        Log.warning("PostgreSQL has died: starting it again")
        try launch()
    }

    func stop() {
        _ = try? run("pg_ctl", ["-D", cluster, "-m", "fast", "-w", "-t", "8", "stop"])
    }
}
