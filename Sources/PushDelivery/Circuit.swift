import Push

/// Whether something may be sent to. It opens where a credential of ours is refused, or the devices of several users are, where
/// a provider asks for a pause, and where nothing has gone well several times; then one request at a time is let through to
/// see. Times are milliseconds of a clock that never steps.
struct Circuit: Sendable {
    struct Rule: Sendable {
        /// Failures one after the other, without a success, that open it. Of requests that were under way together only the
        /// first counts: they may all have been on one connection.
        var failures = 4
        /// Users whose devices were refused, without a delivery between them, that open it.
        var refusals = 5
        /// Pause after failures: the first, and the longest.
        var pause: ClosedRange<Int64> = 5_000...300_000
        /// The same where a credential is refused: somebody has to do something about it.
        var refusedPause: ClosedRange<Int64> = 30_000...600_000
        /// How much longer a device waits that was refused itself: others are the better probes.
        var courtesy: Int64 = 60_000
        /// A probe that has said nothing by then counts no more.
        var patience: Int64 = 60_000
    }

    /// Why it is open.
    enum Cause: String, Sendable {
        case refused, throttled, failing
    }

    private static let whileProbed: Int64 = 5000

    private enum State {
        case closed
        case open(until: Int64)
        case probing(until: Int64)
    }

    /// What a response says of what the circuit is kept for.
    enum Finding: Sendable, Equatable {
        /// Something was delivered.
        case good
        /// Somebody is there. Whether he takes what we send is not known by that.
        case heard
        /// Nothing.
        case unknown
        /// A device of this user is refused, and it may be the only one.
        case doubted(String)
        case failed
        case refused
        /// Milliseconds.
        case pause(Int64)
    }

    private var state = State.closed
    private var failures = 0
    /// Whose devices were refused since the last delivery.
    private var doubters: Set<String> = []
    private var failedAt: Int64 = 0
    private var pause: Int64 = 0
    private(set) var cause: Cause?
    private(set) var openedAt: Int64 = 0
    /// When something was last learned of it.
    private(set) var changedAt: Int64 = 0

    /// Nothing that anybody would miss.
    var isIdle: Bool {
        if case .closed = state { return failures == 0 && doubters.isEmpty }
        return false
    }

    /// Milliseconds that nothing is sent; `nil`: it is closed, or a probe may go.
    /// - Parameter courtesy: how much later who asks would be a probe.
    func wait(now: Int64, courtesy: Int64 = 0) -> Int64? {
        switch state {
        case .closed: nil
        case .open(let until): now < until + courtesy ? until + courtesy - now : nil
        // More is known soon.
        case .probing(let until): now < until ? min(until - now, Self.whileProbed) : nil
        }
    }

    /// A request is about to be sent, of which `wait` said that it may.
    /// - Returns: whether it is the probe.
    mutating func start(now: Int64, _ rule: Rule) -> Bool {
        guard case .closed = state else {
            state = .probing(until: now + rule.patience)
            return true
        }
        return false
    }

    /// - Parameters:
    ///   - began: when the request was sent: what was sent before it opened says nothing of now.
    /// - Returns: whether it has opened or closed by this.
    mutating func learn(_ finding: Finding, began: Int64, wasProbe: Bool, now: Int64, _ rule: Rule) -> Bool {
        changedAt = now
        if case .closed = state {} else if !wasProbe, began <= openedAt { return extend(finding, now) }
        switch finding {
        case .good: return close()
        case .heard:
            guard cause == .refused else { return hear() }
            return probed(wasProbe, now)
        case .refused:
            open(.refused, now, next(rule.refusedPause, .refused))
        case .doubted(let owner):
            if doubters.count < rule.refusals { doubters.insert(owner) }
            guard wasProbe || doubters.count >= rule.refusals else { return false }
            // Sooner than where it is certain.
            open(.refused, now, next(rule.pause, .refused))
        case .pause(let wait):
            guard wait > 0 else { return false }
            pause = 0
            open(.throttled, now, wait)
        case .failed:
            guard wasProbe || failures == 0 || began > failedAt else { return false }
            failedAt = now
            failures += 1
            guard wasProbe || failures >= rule.failures else { return false }
            open(.failing, now, next(rule.pause, .failing))
        case .unknown: return probed(wasProbe, now)
        }
        return true
    }

    /// A probe has shown nothing: another one may.
    private mutating func probed(_ wasProbe: Bool, _ now: Int64) -> Bool {
        if wasProbe { state = .open(until: now) }
        return false
    }

    /// It was under way when the circuit opened: it can make the pause longer, and nothing else.
    private mutating func extend(_ finding: Finding, _ now: Int64) -> Bool {
        guard case .pause(let wait) = finding, case .open(let until) = state else { return false }
        state = .open(until: max(until, now + wait))
        return false
    }

    private mutating func open(_ cause: Cause, _ now: Int64, _ wait: Int64) {
        if self.cause == nil { openedAt = now }
        self.cause = cause
        state = .open(until: now + wait)
    }

    private mutating func close() -> Bool {
        doubters = []
        return hear()
    }

    /// Failures are over; whose devices are refused is not.
    private mutating func hear() -> Bool {
        let wasOpen = cause != nil
        (state, failures, pause, cause) = (.closed, 0, 0, nil)
        return wasOpen
    }

    /// Twice the pause before, for the same cause.
    private mutating func next(_ range: ClosedRange<Int64>, _ cause: Cause) -> Int64 {
        pause = self.cause == cause ? min(max(pause * 2, range.lowerBound), range.upperBound) : range.lowerBound
        return pause
    }
}
