import Live
import Runtime
import Synchronization

/// Which logs of a long poll have something, as the gateway's loop says and the poll's task asks.
final class PollNews: Sendable {
    private struct State {
        var changed: Set<LogKey> = []
        var isDoubtful = false
    }

    let wakeup = Wakeup()
    private let state = Mutex(State())

    /// There may be something in this log.
    /// - Parameter isDoubtful: who may see it is another question now, perhaps.
    func note(_ key: LogKey, isDoubtful: Bool) {
        state.withLock {
            $0.changed.insert(key)
            if isDoubtful, case .channel = key { $0.isDoubtful = true }
        }
        wakeup.signal()
    }

    /// Those since the last call.
    func takeChanged() -> Set<LogKey> { state.withLock { $0.changed.taken() } }

    /// Whether there was such doubt since the last call: what was read meanwhile is not to be told.
    func takeDoubt() -> Bool { state.withLock { $0.isDoubtful.taken() } }
}

extension Set {
    fileprivate mutating func taken() -> Set {
        defer { self = [] }
        return self
    }
}

extension Bool {
    fileprivate mutating func taken() -> Bool {
        defer { self = false }
        return self
    }
}
