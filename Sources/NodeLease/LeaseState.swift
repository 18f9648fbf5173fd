/// A number that this process has.
struct Lease: Equatable, Sendable {
    let number: Int
    let token: String
    /// Until when ids may be made, in milliseconds since 1970; the database has this, or later.
    var idsUntil: Int64
}

/// What a process that leases a number does next: a value without I/O and clock. Whoever drives it does what `action`
/// says, and tells how that went.
struct LeaseState: Sendable {
    /// Both in milliseconds.
    struct Time: Sendable {
        /// Since 1970; it may be set.
        let wall: Int64
        /// Since anything; it never steps.
        let steady: Int64
    }

    enum Action: Equatable, Sendable {
        case nothing
        case take
        case renew(Lease, until: Int64)
    }

    private(set) var lease: Lease?
    private var renewedAt: Int64 = 0
    private var notBefore: Int64 = .min
    /// Since the latest success.
    private(set) var failures = 0

    /// - Parameter last: the latest time of an id, in milliseconds since 1970.
    func action(at time: Time, last: Int64) -> Action {
        guard time.steady >= notBefore else { return .nothing }
        guard let lease else { return .take }
        // By the clock of the ids, too: it may have been set forward.
        let isDue =
            time.steady - renewedAt >= LeaseRule.interval
            || lease.idsUntil - max(time.wall, last) < LeaseRule.reach - LeaseRule.interval
        return isDue ? .renew(lease, until: LeaseRule.until(now: time.wall, last: last)) : .nothing
    }

    mutating func took(_ new: Lease, at time: Time) {
        lease = new
        succeeded(at: time)
    }

    mutating func renewed(until: Int64, at time: Time) {
        if let known = lease?.idsUntil { lease?.idsUntil = max(known, until) }
        succeeded(at: time)
    }

    /// The number belongs to somebody else, or is given back.
    mutating func lost() {
        lease = nil
    }

    /// What was tried may have been done or not; it is tried again after a pause.
    mutating func failed(at time: Time) {
        failures += 1
        notBefore = time.steady + LeaseRule.pause
    }

    private mutating func succeeded(at time: Time) {
        renewedAt = time.steady
        notBefore = .min
        failures = 0
    }
}
