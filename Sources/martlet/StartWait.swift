import Core
import EventLog
import RedisLink
import Runtime
import Store
import Synchronization

/// How long a process waits at its start for its servers, all together, and what it says meanwhile.
final class StartWait: Sendable {
    private struct Said {
        var text = ""
        var at: UInt64 = 0
    }

    private static let pause: UInt64 = 250_000_000
    /// Between two lines about the same.
    private static let repetition: UInt64 = 10_000_000_000
    private let deadline: UInt64
    private let said = Mutex(Said())

    /// - Parameter seconds: 0 for a command that tries once.
    init(seconds: Int) { deadline = monotonicNanoseconds() + UInt64(seconds) * 1_000_000_000 }

    var isOver: Bool { monotonicNanoseconds() >= deadline }

    /// Waits for the next attempt, and says now and then what for.
    /// - Returns: false where there is to be none: the time is up, or waiting does not help.
    func goesOn(after error: any Error, server: String, reason: String) async throws -> Bool {
        guard Self.mayPass(error), !isOver else { return false }
        tell(server, reason)
        try await Task.sleep(nanoseconds: Self.pause)
        return true
    }

    private func tell(_ server: String, _ reason: String) {
        let now = monotonicNanoseconds()
        let text = server + reason
        let isDue = said.withLock { said in
            guard said.text != text || now - said.at >= Self.repetition else { return false }
            said = Said(text: text, at: now)
            return true
        }
        guard isDue, now < deadline else { return }
        let left = Int64((deadline - now) / 1_000_000_000)
        Log.warning(.serverAwaited, ["server": .text(server), "reason": .text(reason), "seconds_left": .number(left)])
    }

    /// A wrong password or an unknown database stays as it is.
    private static func mayPass(_ error: any Error) -> Bool {
        switch error {
        case let error as PgError: error.isTemporary && !error.isRefusal
        case let error as RedisError: error.isTemporary
        case let error as EventLogError: error.isTemporary
        default: false
        }
    }
}
