import Core

/// Which logs with live clients are to be compared with what is in Redis, and when a difference is none that is still on its
/// way. A value: time is passed in.
public struct LiveAudit {
    private struct Suspicion {
        let key: LogKey
        let position: Int64
        let since: UInt64
    }

    /// How long an event may be on its way, in nanoseconds.
    static let patience: UInt64 = 5_000_000_000

    private let seconds: Int
    private var turns = FIFO<LogKey>()
    private var known: Set<LogKey> = []
    private var suspicions = FIFO<Suspicion>()

    /// - Parameter seconds: within which each has a turn.
    public init(seconds: Int) {
        self.seconds = seconds
    }

    /// It has live clients.
    public mutating func add(_ key: LogKey) {
        if known.insert(key).inserted { turns.append(key) }
    }

    /// Which are due; to be called each second. What is not here any more is forgotten.
    public mutating func due(isHere: (LogKey) -> Bool) -> [LogKey] {
        var keys: [LogKey] = []
        for _ in 0..<(turns.count + seconds - 1) / seconds {
            guard let key = turns.popFirst() else { break }
            if isHere(key) {
                turns.append(key)
                keys.append(key)
            } else {
                known.remove(key)
            }
        }
        return keys
    }

    /// There is something newer than what its clients were told.
    public mutating func suspect(_ key: LogKey, mustHear position: Int64, now: UInt64) {
        suspicions.append(Suspicion(key: key, position: position, since: now))
    }

    /// Those whose clients have not been told it for too long.
    /// - Parameter told: up to where they were told everything; `nil`: they read now, or are told.
    public mutating func silenced(now: UInt64, told: (LogKey) -> Int64?) -> [LogKey] {
        var keys: [LogKey] = []
        while let first = suspicions.first, now - first.since >= Self.patience {
            _ = suspicions.popFirst()
            if let position = told(first.key), position < first.position { keys.append(first.key) }
        }
        return keys
    }
}
