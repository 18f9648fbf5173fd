import Core
import Glibc
import Synchronization

/// How long to wait for children: to an end, or until the process itself is to end.
final class Patience: Sendable {
    private let isOver = Atomic<Bool>(false)

    /// All waits end with `Interrupted` from now on.
    func end() { isOver.store(true, ordering: .releasing) }

    func check() throws {
        if isOver.load(ordering: .acquiring) { throw Interrupted() }
    }

    /// Blocks the thread until the condition holds.
    /// - Returns: false when the time is over.
    func wait(seconds: Int, until condition: () throws -> Bool) throws -> Bool {
        let end = monotonicNanoseconds() + UInt64(seconds) * 1_000_000_000
        while true {
            try check()
            if try condition() { return true }
            guard monotonicNanoseconds() < end else { return false }
            usleep(5000)
        }
    }
}
