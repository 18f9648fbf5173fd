import Core
import Glibc
import Synchronization

/// Waits for SIGINT or SIGTERM on a thread of its own.
public enum Signals {
    /// Call it first thing in `main`: all threads made later inherit the mask. SIGPIPE is ignored: a peer that has
    /// gone is told by the write's error.
    public static func block() {
        signal(SIGPIPE, SIG_IGN)
        var set = waited()
        pthread_sigmask(SIG_BLOCK, &set, nil)
    }

    /// The next SIGINT or SIGTERM. Another one, later than two seconds after it, ends the process at once; before that
    /// it is the same wish, told twice: by a terminal to the whole group and by make, or by a wrapper.
    public static func onTermination(_ action: @escaping @Sendable (Int32) -> Void) {
        startThread(name: "signals") {
            var set = waited()
            var number: Int32 = 0
            sigwait(&set, &number)
            action(number)
            let first = monotonicNanoseconds()
            repeat {
                sigwait(&set, &number)
            } while monotonicNanoseconds() - first < 2_000_000_000
            Glibc._exit(128 + number)
        }
    }

    private static func waited() -> sigset_t {
        var set = sigset_t()
        sigemptyset(&set)
        sigaddset(&set, SIGINT)
        sigaddset(&set, SIGTERM)
        return set
    }
}
