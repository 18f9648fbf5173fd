import Core

/// A node number as the database has it.
struct NodeRow: Equatable, Sendable {
    let number: Int
    /// Of the process that has it; `nil`: nobody.
    let token: String?
    /// No id with this number has a time of its own above this one, in milliseconds since 1970.
    let idsUntil: Int64
    /// How long ago it was renewed or given back, in milliseconds of the database's clock.
    let silence: Int64
}

/// Who gets which number, and which ids may be made with it. All times in milliseconds; no I/O and no clock.
///
/// What makes ids unique does not depend on anybody's clock: a holder makes ids only up to a time that it has written
/// down before, and whoever takes the number after it makes ids only above that time. So a process that was paused, or
/// whose clock was set back, may go on with its number: its ids and its successor's never meet. That a number is given
/// away only after a silence saves a living process from losing it, and no more than that.
enum LeaseRule {
    /// How far ahead of the clock a holder may make ids, by what it has written down.
    static let reach: Int64 = 30_000
    /// How often it writes that down.
    static let interval: Int64 = 10_000
    /// Whoever has not renewed a number for so long has lost it.
    static let silence: Int64 = 60_000
    /// The first ids may be so much ahead of the clock.
    static let tolerance: Int64 = 1000
    /// After something went wrong.
    static let pause: Int64 = 1000

    /// Until which time of their own ids may be made.
    /// - Parameter last: the latest time of an id; it is ahead where the clock was set back.
    static func until(now: Int64, last: Int64) -> Int64 { max(now, last) + reach }

    /// The number to take: of those that are free the one that was used last, so that few are in use and a clock that is
    /// ahead spoils few of them.
    static func choose(from rows: [NodeRow], now: Int64) throws(NodeLeaseError) -> NodeRow {
        // A renewal that is far in the future is one from before the database's clock was set back.
        let free = rows.filter { $0.token == nil || abs($0.silence) >= silence }
        guard let earliest = free.map(\.idsUntil).min() else { throw .allTaken(rows.count) }
        let usable = free.filter { $0.idsUntil <= now + tolerance }
        guard let best = usable.max(by: { ($0.idsUntil, -$0.number) < ($1.idsUntil, -$1.number) }) else {
            throw .clockIsBehind(milliseconds: earliest - now)
        }
        return best
    }
}
