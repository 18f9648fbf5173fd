import Synchronization

extension UpkeepStep {
    /// How long a step that finds ever more to remove goes on: the others have their turn, too.
    private static let longest = Duration.seconds(2)
    /// A count rests so many times as long as it took.
    private static let restsOfACount = 50

    /// Removes some at a time, and goes on while there may be more: what is written in bulk goes as fast as it came.
    /// - Parameters:
    ///   - most: how many `run` removes at once.
    ///   - run: returns how many it has removed.
    public init(_ name: String, while most: Int, run: @escaping @Sendable () async throws -> Int) {
        self.init(name) {
            let start = ContinuousClock.now
            while try await run() >= most, !Task.isCancelled, ContinuousClock.now - start < Self.longest {}
        }
    }

    /// Counts rows for a figure: in each round while they are few, and rarely when that takes long.
    public static func count(_ name: String, run: @escaping @Sendable () async throws -> Void) -> UpkeepStep {
        let next = CountTurn()
        return UpkeepStep(name) {
            let start = ContinuousClock.now
            guard next.isDue(start) else { return }
            try await run()
            let end = ContinuousClock.now
            next.set(end + (end - start) * restsOfACount)
        }
    }

    private final class CountTurn: Sendable {
        private let next = Mutex<ContinuousClock.Instant?>(nil)

        func isDue(_ now: ContinuousClock.Instant) -> Bool { next.withLock { $0.map { $0 <= now } ?? true } }
        func set(_ instant: ContinuousClock.Instant) { next.withLock { $0 = instant } }
    }
}
