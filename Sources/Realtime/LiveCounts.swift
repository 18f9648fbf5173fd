import Core
import Synchronization

/// How many connections and subscriptions to channels each user has, and all have: over the loops of a process.
final class LiveCounts: Sendable {
    private struct State {
        // Narrow: there is an entry for each user who is here.
        var connections: [ID: Int32] = [:]
        var channels: [ID: Int32] = [:]
        var allChannels = 0
    }

    private let state = Mutex(State())

    // MARK: Connections

    /// - Returns: false when the user has as many as that; otherwise `disconnect` must follow.
    func connect(_ user: ID, atMost most: Int) -> Bool {
        state.withLock { state in
            guard state.connections[user, default: 0] < Int32(clamping: most) else { return false }
            Self.add(1, to: &state.connections[user])
            return true
        }
    }

    func disconnect(_ user: ID) { state.withLock { Self.add(-1, to: &$0.connections[user]) } }

    // MARK: Channels

    func channels(of user: ID) -> Int { state.withLock { Int($0.channels[user] ?? 0) } }

    var allChannels: Int { state.withLock { $0.allChannels } }

    func changeChannels(of user: ID, by count: Int) {
        state.withLock {
            Self.add(Int32(count), to: &$0.channels[user])
            $0.allChannels += count
        }
    }

    private static func add(_ count: Int32, to entry: inout Int32?) {
        let sum = (entry ?? 0) + count
        entry = sum > 0 ? sum : nil
    }
}
