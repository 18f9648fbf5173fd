import Core
import Glibc
import Synchronization

/// Waits for the signals that end a program, on a thread of its own: SIGINT, SIGTERM, SIGQUIT, and SIGHUP of a terminal
/// that closes.
public enum Signals {
    private static let number = Atomic<Int32>(0)

    /// The first signal that came; 0 for none.
    public static var received: Int32 { number.load(ordering: .acquiring) }

    /// Call it first thing in `main`: all threads made later inherit the mask. SIGPIPE is ignored: a peer that has
    /// gone is told by the write's error. SIGCHLD is not, whatever the parent has left: the kernel would keep no status
    /// of a child.
    public static func block() {
        signal(SIGPIPE, SIG_IGN)
        signal(SIGCHLD, SIG_DFL)
        var set = waited()
        pthread_sigmask(SIG_BLOCK, &set, nil)
    }

    /// The next of the signals. Another SIGINT or SIGQUIT, later than two seconds after it, ends the process at once;
    /// before that it is the same wish, expressed twice: by a terminal to the whole group and by make, or by a wrapper.
    /// A repeated SIGTERM or SIGHUP comes from a supervisor, which has SIGKILL for those that take too long.
    /// - Parameter last: called before the process ends at once; it must not wait.
    public static func onTermination(
        last: @escaping @Sendable () -> Void = {}, _ action: @escaping @Sendable (Int32) -> Void
    ) {
        startThread(name: "signals") {
            var set = waited()
            var next: Int32 = 0
            sigwait(&set, &next)
            number.store(next, ordering: .releasing)
            action(next)
            let first = monotonicNanoseconds()
            repeat {
                sigwait(&set, &next)
            } while monotonicNanoseconds() - first < 2_000_000_000 || (next != SIGINT && next != SIGQUIT)
            last()
            Glibc._exit(128 + next)
        }
    }

    private static func waited() -> sigset_t {
        var set = sigset_t()
        sigemptyset(&set)
        for number in [SIGINT, SIGTERM, SIGQUIT] { sigaddset(&set, number) }
        // Who starts it with nohup wants it to outlive the terminal.
        if !isIgnored(SIGHUP) { sigaddset(&set, SIGHUP) }
        return set
    }

    private static func isIgnored(_ number: Int32) -> Bool {
        var action = sigaction()
        guard sigaction(number, nil, &action) == 0 else { return false }
        return unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self) == 1
    }
}
