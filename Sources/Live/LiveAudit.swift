public import Core

/// Which users with live clients are to be compared with their timelines, and when a difference is none that is still on its
/// way. A value: time is passed in.
public struct LiveAudit {
    private struct Suspicion {
        let user: ID
        let position: Int64
        let since: UInt64
    }

    /// How long an event may be on its way, in nanoseconds.
    static let patience: UInt64 = 5_000_000_000

    private let seconds: Int
    private var turns = FIFO<ID>()
    private var known: Set<ID> = []
    private var suspicions = FIFO<Suspicion>()

    /// - Parameter seconds: within which each user has a turn.
    public init(seconds: Int) {
        self.seconds = seconds
    }

    /// The user has live clients.
    public mutating func add(_ user: ID) {
        if known.insert(user).inserted { turns.append(user) }
    }

    /// Whose turn it is; to be called each second. Who is not here any more is forgotten.
    public mutating func due(isHere: (ID) -> Bool) -> [ID] {
        var users: [ID] = []
        for _ in 0..<(turns.count + seconds - 1) / seconds {
            guard let user = turns.popFirst() else { break }
            if isHere(user) {
                turns.append(user)
                users.append(user)
            } else {
                known.remove(user)
            }
        }
        return users
    }

    /// There is something newer than what the user's clients were told.
    public mutating func suspect(_ user: ID, mustHear position: Int64, now: UInt64) {
        suspicions.append(Suspicion(user: user, position: position, since: now))
    }

    /// Users whose clients have not been told it for too long.
    /// - Parameter told: up to where they were told everything; `nil`: they read now, or are told.
    public mutating func silenced(now: UInt64, told: (ID) -> Int64?) -> [ID] {
        var users: [ID] = []
        while let first = suspicions.first, now - first.since >= Self.patience {
            _ = suspicions.popFirst()
            if let position = told(first.user), position < first.position { users.append(first.user) }
        }
        return users
    }
}
