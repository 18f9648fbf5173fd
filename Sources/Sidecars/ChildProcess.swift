import CGlibc
import Core
import Glibc

/// Runs programs of the system: with an environment, a signal mask and descriptors of their own, in a process group or
/// session of their own, so that a Ctrl-C in the terminal reaches this process only.
enum ChildProcess {
    struct Result {
        let status: Int32
        /// What it said, on both descriptors; the first megabyte.
        let output: String
    }

    private static let folders = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"]

    /// Runs a program to its end. It is killed when its time is over, when patience is, and when this process dies.
    /// - Parameters:
    ///   - arguments: the first is the program.
    ///   - folder: its working folder, which the account can get to.
    static func run(
        _ arguments: [String], _ account: Account, in folder: String, seconds: Int, _ patience: Patience
    ) throws -> Result {
        try patience.check()
        var ends: [Int32] = [-1, -1]
        guard pipe2(&ends, O_CLOEXEC) == 0 else { throw Failure("no pipe for \(arguments[0]): \(reason)") }
        defer { close(ends[0]) }
        let pid: pid_t
        do {
            defer { close(ends[1]) }
            pid = try spawn(
                words(arguments, account, dieWithUs: true), in: folder, output: ends[1], POSIX_SPAWN_SETPGROUP)
        }
        do {
            let (output, status) = try read(ends[0], of: pid, seconds: seconds, patience)
            guard let status else { throw Failure("\(arguments[0]) did not end within \(seconds) s") }
            return Result(status: status, output: output)
        } catch {
            kill(-pid, SIGKILL)
            waitForEnd(of: pid)
            throw error
        }
    }

    /// Starts a server, which outlives this process.
    /// - Parameter log: where its output is appended.
    static func launch(
        _ arguments: [String], _ account: Account, in folder: String, log: String
    ) throws -> pid_t {
        // The folder is the account's: a link there could name any file.
        let output = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard output >= 0 else { throw Failure("\(log) can't be written: \(reason)") }
        defer { close(output) }
        return try spawn(
            words(arguments, account, dieWithUs: false), in: folder, output: output, martlet_spawn_setsid)
    }

    /// The words that run a command as the account.
    /// - Parameter dieWithUs: killed when this process is: for what runs to its end.
    private static func words(_ arguments: [String], _ account: Account, dieWithUs: Bool) -> [String] {
        var words = ["setpriv"]
        // After the drop of privileges there is nobody else to become.
        if Privileges.areRoots, account.uid != 0 {
            words += ["--reuid=\(account.uid)", "--regid=\(account.gid)", "--no-new-privs"]
            words.append(account.isKnown ? "--init-groups" : "--clear-groups")
        }
        if dieWithUs { words += ["--pdeathsig", "KILL"] }
        return words.count == 1 ? arguments : words + ["--"] + arguments
    }

    /// Whether a child of this process, or a process that it took over, has ended.
    static func hasEnded(_ pid: pid_t) -> Bool {
        var status: Int32 = 0
        if waitpid(pid, &status, WNOHANG) == pid { return true }
        return (kill(pid, 0) != 0 && errno == ESRCH) || isZombie(pid)
    }

    /// Over, but its parent, such as a container's first process, takes no note of it.
    private static func isZombie(_ pid: pid_t) -> Bool {
        guard let bytes = Files.read("/proc/\(pid)/stat", limit: 4096) else { return false }
        // Behind the program's name, which may hold anything.
        return String(decoding: bytes, as: UTF8.self).split(separator: ")").last?.hasPrefix(" Z ") == true
    }

    // MARK: The end

    /// - Returns: no status when the time is over.
    private static func read(
        _ descriptor: Int32, of pid: pid_t, seconds: Int, _ patience: Patience
    ) throws -> (String, Int32?) {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        let ended = try patience.wait(seconds: seconds) {
            var watched = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            while poll(&watched, 1, 20) > 0 {
                let count = Glibc.read(descriptor, &buffer, buffer.count)
                guard count > 0 else { return true }
                if bytes.count < 1 << 20 { bytes.append(contentsOf: buffer[..<count]) }
                try patience.check()
            }
            return false
        }
        var status: Int32 = 0
        var reaped: pid_t = 0
        let output = String(decoding: bytes, as: UTF8.self)
        let isOver =
            try ended
            && patience.wait(seconds: 10) {
                reaped = waitpid(pid, &status, WNOHANG)
                return reaped != 0
            }
        guard isOver else { return (output, nil) }
        // Without a status nobody knows whether it did what it was to do.
        guard reaped == pid else { throw Failure("a child's end is not known: \(reason)") }
        return (output, status & 0x7f == 0 ? (status >> 8) & 0xff : 128 + (status & 0x7f))
    }

    private static func waitForEnd(of pid: pid_t) {
        for _ in 0..<1000 where !hasEnded(pid) { usleep(1000) }
    }

    // MARK: The start

    private static func spawn(
        _ arguments: [String], in folder: String, output: Int32, _ own: Int32
    ) throws -> pid_t {
        let program = try path(of: arguments[0])
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, output, 1)
        posix_spawn_file_actions_adddup2(&actions, output, 2)
        // Whoever started us may wait for the end of a pipe that we were given.
        posix_spawn_file_actions_addclosefrom_np(&actions, 3)
        posix_spawn_file_actions_addchdir_np(&actions, folder)

        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        sigemptyset(&none)
        var all = sigset_t()
        sigfillset(&all)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setsigdefault(&attributes, &all)
        posix_spawnattr_setpgroup(&attributes, 0)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | own))

        var pid: pid_t = 0
        let status = withWords(arguments) { words in
            withWords(environment) { variables in
                posix_spawn(&pid, program, &actions, &attributes, words, variables)
            }
        }
        guard status == 0 else {
            throw Failure("\(arguments[0]) can't be started: \(String(cString: strerror(status)))")
        }
        return pid
    }

    private static func withWords<R>(
        _ words: [String], _ body: ([UnsafeMutablePointer<CChar>?]) -> R
    ) -> R {
        let copies = words.map { strdup($0) }
        defer { for copy in copies { free(copy) } }
        return body(copies + [nil])
    }

    /// Built, not inherited: what the user has set for libpq, for the loader or for us says nothing about these.
    private static var environment: [String] {
        ["PATH=" + folders.joined(separator: ":"), "HOME=/nonexistent", "LANG=C.UTF-8", "LC_ALL=C.UTF-8"]
    }

    /// A program of the user's PATH, or of where the system has its own: root's may lack sbin, a user's often does.
    private static func path(of program: String) throws -> String {
        guard !program.hasPrefix("/") else { return program }
        let own = getenv("PATH").map { String(cString: $0) } ?? ""
        let places = own.split(separator: ":").map(String.init).filter { $0.hasPrefix("/") } + folders
        guard let found = places.map({ $0 + "/" + program }).first(where: { access($0, X_OK) == 0 }) else {
            throw Failure("\(program) is not installed: see README.md, or name a server of yours by its setting")
        }
        return found
    }

    private static var reason: String { String(cString: strerror(errno)) }
}
