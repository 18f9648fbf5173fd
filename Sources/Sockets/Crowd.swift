import Core

/// The connections of the one who has most, of which some are closed when others find no room: first those that hold the
/// most bytes, then those that are idle.
struct Crowd {
    private(set) var holder: FairShare.Holder?
    /// The first to go is the last.
    private var connections: [HTTPConnection] = []
    private var wasFull = false
    /// Milliseconds of the server's clock.
    private var lookedAt: UInt64?
    private static let most = 64
    private static let interval: UInt64 = 10

    /// Looks again, though not often, for it takes time; sooner when all of a great many have gone.
    mutating func look(
        now: UInt64, for holder: () -> FairShare.Holder?, among connections: (FairShare.Holder) -> [HTTPConnection]
    ) {
        if let lookedAt, now - lookedAt < Self.interval, !(wasFull && self.connections.isEmpty) { return }
        lookedAt = now
        self.holder = holder()
        let ranked = (self.holder.map(connections) ?? []).map {
            (rank: 2 * $0.held(for: self.holder!) + ($0.isIdle ? 1 : 0), connection: $0)
        }
        self.connections = ranked.sorted { $0.rank < $1.rank }.suffix(Self.most).map(\.connection)
        wasFull = self.connections.count == Self.most
    }

    /// Takes out the next to go, of those that are still the holder's.
    mutating func popLast(where isStillIts: (HTTPConnection) -> Bool) -> HTTPConnection? {
        while let last = connections.popLast() {
            if last.phase != .closed, last.place == .own, isStillIts(last) { return last }
        }
        return nil
    }
}
