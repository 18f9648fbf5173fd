import Core

/// What is kept of a provider's answers, and when it is asked again. A value that is told the time, in nanoseconds of a
/// clock that never steps.
struct ProviderMemory {
    private static let second: UInt64 = 1_000_000_000
    /// Keys that the provider has withdrawn are good for so long at most.
    static let life = 3_600 * second
    /// A provider that was away is not asked again for so long: others would wait with each try.
    static let pause = 3 * second
    /// A token may name a key that is not known: so often within `fetchWindow` the keys are fetched anew.
    static let mostFetches = 3
    static let fetchWindow = 300 * second

    private var metadata: (value: Metadata, at: UInt64)?
    private var keys: (value: KeySet, at: UInt64)?
    private var awayUntil: UInt64 = 0
    /// When keys were fetched for a name that was not known.
    private var fetches: [UInt64] = []

    func metadata(_ now: UInt64) -> Metadata? { metadata.flatMap { now < $0.at + Self.life ? $0.value : nil } }

    func keys(_ now: UInt64) -> KeySet? { keys.flatMap { now < $0.at + Self.life ? $0.value : nil } }

    mutating func keep(_ new: Metadata, _ now: UInt64) { metadata = (new, now) }

    mutating func keep(_ new: KeySet, _ now: UInt64) { keys = (new, now) }

    /// Whether the keys may be fetched for a name that is not among them; then it counts.
    mutating func takeFetch(_ now: UInt64) -> Bool {
        fetches.removeAll { now >= $0 + Self.fetchWindow }
        guard fetches.count < Self.mostFetches else { return false }
        fetches.append(now)
        return true
    }

    mutating func wasAway(_ now: UInt64) { awayUntil = now + Self.pause }

    func isAway(_ now: UInt64) -> Bool { now < awayUntil }
}
