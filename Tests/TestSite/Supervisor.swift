import CGlibc
import Glibc

/// A shell that outlives this process by a moment: it sees its end, however it comes, by the end of a pipe, and then ends
/// the servers in a folder and removes it.
enum Supervisor {
    struct NotStarted: Error {
        let reason: String
    }

    /// `$1`: the folder. It is deaf to what ends a group of processes, for then it has work to do.
    private static let script = """
        trap '' INT TERM HUP
        read -r _
        postgres=$(head -n 1 "$1/postgres/cluster/postmaster.pid" 2>/dev/null)
        redis=$(cat "$1/redis.pid" 2>/dev/null)
        kill -QUIT $postgres 2>/dev/null
        kill -KILL $redis 2>/dev/null
        for _ in 1 2 3 4 5 6 7 8 9 10; do
            kill -0 $postgres 2>/dev/null || break
            sleep 0.2
        done
        kill -KILL $postgres 2>/dev/null
        rm -rf -- "$1"
        """

    /// - Parameter folder: absolute.
    static func watch(_ folder: String) throws {
        var ends: [Int32] = [-1, -1]
        guard pipe2(&ends, O_CLOEXEC) == 0 else { throw NotStarted(reason: "no pipe") }
        // The writing end is this process's alone, and closed by its end only.
        defer { close(ends[0]) }
        try spawn(["/bin/sh", "-c", script, "sh", folder], input: ends[0], output: "/dev/null")
    }

    /// Starts a program in a session of its own; it inherits no file but the three that it is given.
    static func spawn(_ words: [String], input: Int32? = nil, output: String) throws {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        if let input {
            posix_spawn_file_actions_adddup2(&actions, input, 0)
        } else {
            posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        }
        posix_spawn_file_actions_addopen(&actions, 1, output, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        posix_spawn_file_actions_adddup2(&actions, 1, 2)
        posix_spawn_file_actions_addclosefrom_np(&actions, 3)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | martlet_spawn_setsid))
        let arguments = words.map { strdup($0) }
        defer { for argument in arguments { free(argument) } }
        var process: pid_t = 0
        let status = posix_spawnp(&process, words[0], &actions, &attributes, arguments + [nil], environ)
        guard status == 0 else { throw NotStarted(reason: "\(words[0]): \(String(cString: strerror(status)))") }
    }
}
