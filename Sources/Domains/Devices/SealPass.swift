import Core
import Synchronization

/// How far devices have been sealed anew, by this process. Those that don't open are passed by, and seen again in the next pass.
final class SealPass: Sendable {
    private static let rest: UInt64 = 30_000_000_000

    private struct State {
        var last = (user: ID.zero, device: ID.zero)
        /// No pass begins before.
        var begins: UInt64 = 0
    }

    private let state = Mutex(State())

    /// - Returns: the device behind which to go on; `nil`: it is not time yet.
    func next(now: UInt64) -> (user: ID, device: ID)? {
        state.withLock { now >= $0.begins ? $0.last : nil }
    }

    func pass(_ user: ID, _ device: ID) { state.withLock { $0.last = (user, device) } }

    func end(now: UInt64) { state.withLock { $0 = State(begins: now + Self.rest) } }
}
