import Core

/// The connections of the one who has most, of which some are closed when others find no room: first those that hold
/// the most bytes, then those that are idle.
struct Crowd {
    private(set) var holder: FairShare.Holder?
    /// The first to go is the last.
    private var connections: [HTTPConnection] = []
    private var wasFull = false
    /// Milliseconds of the server's clock.
    private var lookedAt: UInt64?
    private static let most = 64

    /// Looks again. That takes about 0.1 ms for a thousand connections, so it is done at most once in as many
    /// milliseconds as there are thousands of them, or when all those of a full look have gone.
    /// - Parameter count: how many connections there are.
    mutating func look(
        now: UInt64, count: Int, for holder: () -> FairShare.Holder?,
        among connections: (FairShare.Holder) -> [HTTPConnection]
    ) {
        if let lookedAt, now - lookedAt < UInt64(count / 1000), !(wasFull && self.connections.isEmpty) { return }
        lookedAt = now
        self.holder = holder()
        let ranked = (self.holder.map(connections) ?? []).map {
            (rank: 2 * $0.held(for: self.holder!) + ($0.isIdle ? 1 : 0), connection: $0)
        }
        self.connections = ranked.sorted { $0.rank < $1.rank }.suffix(Self.most).map(\.connection)
        wasFull = self.connections.count == Self.most
    }

    /// Takes out the next one to close, of those that are still the holder's.
    mutating func popLast(where isStillIts: (HTTPConnection) -> Bool) -> HTTPConnection? {
        while let last = connections.popLast() {
            if last.phase != .closed, last.place == .own, isStillIts(last) { return last }
        }
        return nil
    }
}
