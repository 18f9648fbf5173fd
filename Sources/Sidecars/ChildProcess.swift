import CUv
import Glibc

/// Runs programs of the system: with a signal mask of their own, in a process group of their own, so that a Ctrl-C in
/// the terminal reaches this process only.
enum ChildProcess {
    struct Result {
        let status: Int32
        let output: String
    }

    /// Runs a program to its end.
    /// - Parameters:
    ///   - arguments: the first is the program, looked up in PATH.
    ///   - log: where its output is appended; without it the output is returned.
    static func run(_ arguments: [String], log: String? = nil) throws -> Result {
        var pipeEnds: [Int32] = [-1, -1]
        guard log != nil || pipe(&pipeEnds) == 0 else { throw Failure("no pipe for \(arguments[0])") }
        for end in pipeEnds where end >= 0 { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        defer { for end in pipeEnds where end >= 0 { close(end) } }

        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        if let log {
            posix_spawn_file_actions_addopen(&actions, 1, log, O_WRONLY | O_CREAT | O_APPEND, 0o644)
        } else {
            posix_spawn_file_actions_adddup2(&actions, pipeEnds[1], 1)
        }
        posix_spawn_file_actions_adddup2(&actions, 1, 2)

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
        posix_spawnattr_setflags(
            &attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP))

        var pid: pid_t = 0
        var words: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) }
        words.append(nil)
        defer { for word in words { free(word) } }
        guard posix_spawnp(&pid, arguments[0], &actions, &attributes, words, environ) == 0 else {
            throw Failure("\(arguments[0]) can't be started: is it installed?")
        }
        if pipeEnds[1] >= 0 {
            close(pipeEnds[1])
            pipeEnds[1] = -1
        }
        let output = log == nil ? readAll(pipeEnds[0]) : ""
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0 && errno == EINTR {}
        return Result(status: status & 0x7f == 0 ? (status >> 8) & 0xff : 128 + (status & 0x7f), output: output)
    }

    private static func readAll(_ descriptor: Int32) -> String {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = read(descriptor, &buffer, buffer.count)
            guard count > 0 else { return String(decoding: bytes, as: UTF8.self) }
            if bytes.count < 1 << 20 { bytes.append(contentsOf: buffer[..<count]) }
        }
    }
}
