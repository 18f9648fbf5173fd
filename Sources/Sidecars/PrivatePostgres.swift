import Core
import Glibc
import Synchronization

/// A PostgreSQL cluster in the data folder.
final class PrivatePostgres: Sendable {
    /// Its own folder, behind links.
    private let path: String
    private let account: Account
    private let patience: Patience
    private let connections: Int
    /// The server that this process has started, until it is known to listen.
    private let launched = Mutex<pid_t?>(nil)

    /// - Parameter connections: how many `serve` may have; there is room for some of tools and tests beside them.
    init(folder: String, account: Account, patience: Patience, connections: Int) {
        path = folder
        self.account = account
        self.patience = patience
        self.connections = connections
    }

    private var cluster: String { path + "/cluster" }
    private var socket: String { path + "/" + PrivateServerKind.postgres.socket }
    /// The server's own log.
    private var log: String { path + "/postgres.log" }

    /// Each step asks for its own evidence: a start may have been killed between any two.
    func start() throws {
        if try !hasCluster() { try create() }
        // Children of an initdb that was killed may have written to its draft while it was removed.
        try removeDrafts()
        let access = PostgresAccess(cluster: cluster, account: account)
        let isNew = try access.write()
        if !UnixSocket.answers(socket) {
            try launch()
        } else if isNew, let server {
            kill(server, SIGHUP)
        }
        try makeDatabase()
    }

    // MARK: Steps

    /// The programs of the cluster's version, or of the newest that is installed.
    private func program(_ name: String) throws -> String {
        let own = Files.read(cluster + "/PG_VERSION").map { String(decoding: $0, as: UTF8.self).filter(\.isNumber) }
        let versions = own.map { [$0] } ?? (13...30).reversed().map(String.init)
        let folders = versions.map { "/usr/lib/postgresql/\($0)/bin" }
        guard let folder = folders.first(where: { Files.exists($0 + "/postgres") }) else {
            throw Failure(
                own.map { "the cluster in \(cluster) is of PostgreSQL \($0), which is not installed" }
                    ?? "PostgreSQL is not installed: apt-get install postgresql, or set MARTLET_POSTGRES")
        }
        return folder + "/" + name
    }

    private func run(_ name: String, _ arguments: [String], seconds: Int) throws -> ChildProcess.Result {
        try ChildProcess.run([try program(name)] + arguments, account, in: path, seconds: seconds, patience)
    }

    /// - Throws: where it can't be known: another one must not be made in its place.
    private func hasCluster() throws -> Bool {
        var status = stat()
        if stat(cluster + "/PG_VERSION", &status) == 0 { return true }
        guard errno == ENOENT else {
            throw Failure("the cluster in \(cluster) can't be used: \(String(cString: strerror(errno)))")
        }
        return false
    }

    private func create() throws {
        Log.info("making a PostgreSQL cluster", ["folder": .text(cluster)])
        try removeDrafts()
        // A draft that becomes the cluster when it is whole, with a name of its own: the initdb of a start that was killed
        // may still be writing to another. It is synced to the disk as its last step.
        let draft = path + "/draft-" + String(UInt64.random(in: .min ... .max), radix: 36)
        do {
            let made = try run(
                "initdb",
                [
                    "-D", draft, "-U", PostgresAccess.superuser, "-A", "peer", "-E", "UTF8", "--locale=C.UTF-8",
                    "--no-instructions",
                ], seconds: 300)
            guard made.status == 0 else { throw Failure("initdb failed:\n\(made.output)") }
        } catch {
            try? removeDrafts(anyway: true)
            throw error
        }
        guard rename(draft, cluster) == 0 else {
            throw Failure("\(cluster) can't be made: \(String(cString: strerror(errno)))")
        }
        Files.sync(path)
    }

    /// - Parameter anyway: also when the process is to end.
    private func removeDrafts(anyway: Bool = false) throws {
        let drafts = Files.names(in: path).filter { $0.hasPrefix("draft-") || $0 == "cluster.new" }
        guard !drafts.isEmpty else { return }
        _ = try ChildProcess.run(
            ["rm", "-rf", "--"] + drafts.map { path + "/" + $0 }, account, in: "/", seconds: 60,
            anyway ? Patience() : patience)
    }

    /// A list of names by commas; a name in double quotes may hold anything.
    private var socketFolders: String { "\"" + path.replacing("\"", with: "\"\"") + "\"" }

    private func launch() throws {
        let settings = [
            "listen_addresses=", "unix_socket_directories=" + socketFolders, "unix_socket_permissions=0700",
            "port=5432",
            "max_connections=\(max(100, connections + 20))", "shared_buffers=128MB", "max_wal_size=2GB",
            "checkpoint_timeout=15min", "jit=off",
            "wal_compression=on", "logging_collector=off", "log_destination=stderr",
            // O_DSYNC: as durable as the default, fdatasync after the write, in one call instead of two; with commits as
            // small as these it takes a tenth of the time (pg_test_fsync).
            "wal_sync_method=open_datasync",
        ].flatMap { ["-c", $0] }
        // One that a killed start has left may be on its way: then the first of ours ends, and it answers a moment later.
        for _ in 0..<3 {
            let pid = try ChildProcess.launch(
                [try program("postgres"), "-D", cluster] + settings, account, in: path, log: log)
            launched.withLock { $0 = pid }
            let isSettled = try patience.wait(seconds: 60) {
                UnixSocket.answers(socket) || ChildProcess.hasEnded(pid)
            }
            if UnixSocket.answers(socket) { return }
            guard isSettled else { break }
            launched.withLock { $0 = nil }
            if try patience.wait(seconds: 1, until: { UnixSocket.answers(socket) }) { return }
        }
        throw Failure("PostgreSQL did not come up:\n\(Files.tail(log))")
    }

    private func ask(_ question: String, as role: String = PostgresAccess.superuser, in database: String = "postgres")
        throws -> ChildProcess.Result
    {
        try run(
            "psql",
            [
                "-X", "-w", "-A", "-t", "-q", "-v", "ON_ERROR_STOP=1", "-h", path, "-p", "5432", "-U", role, "-d",
                database, "-c", question,
            ], seconds: 60)
    }

    /// Waits until it takes connections, which may be at the end of a recovery. Role and database are made by the superuser,
    /// and used by the role.
    private func makeDatabase() throws {
        var found = try ask(PostgresAccess.question)
        var next = monotonicNanoseconds()
        let isReady = try patience.wait(seconds: 600) {
            if found.status == 0 || !UnixSocket.answers(socket) { return true }
            if PostgresAccess.lacksSuperuser(found.output) {
                try divideRoles()
            } else if PostgresAccess.mayNotLogIn(found.output) {
                throw Failure(PostgresAccess.foreignSuperuser)
            } else if monotonicNanoseconds() > next {
                Log.info("waiting for PostgreSQL", ["reason": .text(found.output)])
                next = monotonicNanoseconds() + 5_000_000_000
            }
            usleep(20_000)
            found = try ask(PostgresAccess.question)
            return found.status == 0
        }
        guard isReady, found.status == 0 else {
            throw Failure("PostgreSQL takes no connections: \(found.output)\(Files.tail(log))")
        }
        guard PostgresAccess.isDivided(found.output) else { throw Failure(PostgresAccess.foreignSuperuser) }
        for step in PostgresAccess.steps {
            guard !step.isDone(found.output) else { continue }
            // The server may still be at what a killed start has asked of it: then this fails, and a moment later it is there.
            var made = try ask(step.statement)
            let isThere = try patience.wait(seconds: 10) {
                if made.status == 0 { return true }
                if try step.isDone(ask(PostgresAccess.question).output) { return true }
                made = try ask(step.statement)
                return made.status == 0
            }
            guard isThere else { throw Failure("the database can't be made: \(made.output)") }
        }
    }

    /// In a cluster of an earlier version the role was the superuser, too.
    private func divideRoles() throws {
        let found = try ask(PostgresAccess.question, as: PostgresAccess.role)
        guard found.status == 0 else { return }
        Log.info("PostgreSQL gets a superuser of its own", ["role": .text(PostgresAccess.superuser)])
        let database = PostgresAccess.hasDatabase(found.output) ? "martlet" : "postgres"
        let divided = try ask(PostgresAccess.division, as: PostgresAccess.role, in: database)
        guard divided.status == 0 else {
            throw Failure("the role martlet can't be told from the superuser: \(divided.output)")
        }
    }

    // MARK: Life

    func restartIfDead() throws {
        guard !UnixSocket.answers(socket) else { return }
        Log.warning("PostgreSQL has died: starting it again")
        reap()
        try launch()
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
            ?? PidFile.process(path + "/" + PrivateServerKind.postgres.pidFile, program: "postgres", path: cluster)
    }

    /// Without waiting.
    func signalStop() {
        if let server { tell(server, SIGINT) }
    }

    /// One that was stopped goes on, to hear it.
    private func tell(_ server: pid_t, _ number: Int32) {
        kill(server, number)
        kill(server, SIGCONT)
    }

    func stop() {
        guard let server else { return }
        // Fast; and where that takes too long, at once: what is committed is in the log.
        for (number, milliseconds) in [(SIGINT, 8000), (SIGQUIT, 6000)] {
            tell(server, number)
            for _ in 0..<milliseconds / 5 {
                if ChildProcess.hasEnded(server) { return launched.withLock { $0 = nil } }
                usleep(5000)
            }
        }
        Log.error("PostgreSQL does not end", ["pid": .number(Int64(server))])
    }
}
