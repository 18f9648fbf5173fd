import Push

/// The circuits that are not simply closed. There are as many as credentials, hosts and devices have failed lately; beyond
/// `most` those that nothing was heard of for longest are forgotten, so they are tried again.
struct Circuits {
    private static let most = 20_000

    private var table: [CircuitKey: Circuit] = [:]
    private let rule = Circuit.Rule()

    var open: [CircuitKey: Circuit] { table.filter { $0.value.cause != nil } }

    private(set) var openCount = 0

    /// - Parameter now: nanoseconds of a clock that never steps.
    /// - Returns: the longest wait of the circuits of a route, where one is open.
    func wait(for route: PushRoute, now: UInt64) -> (wait: Int64, by: CircuitKey)? {
        guard !table.isEmpty else { return nil }
        var longest: (wait: Int64, by: CircuitKey)?
        let isRefused = isRefused(route)
        for key in route.circuits {
            guard let circuit = table[key] else { continue }
            let isProbeOfOthers = isRefused && circuit.cause == .refused && key != route.deviceCircuit
            guard
                let wait = circuit.wait(
                    now: Self.milliseconds(now), courtesy: isProbeOfOthers ? rule.courtesy : 0),
                wait > longest?.wait ?? 0
            else { continue }
            longest = (wait, key)
        }
        return longest
    }

    /// The device was refused the last time, and may be refused for itself.
    private func isRefused(_ route: PushRoute) -> Bool { table[route.deviceCircuit]?.cause == .refused }

    /// - Returns: those that the request is to probe.
    mutating func start(_ route: PushRoute, now: UInt64) -> [CircuitKey] {
        guard !table.isEmpty else { return [] }
        return route.circuits.filter { table[$0]?.start(now: Self.milliseconds(now), rule) == true }
    }

    mutating func learn(
        _ route: PushRoute, _ verdict: PushVerdict?, mayRenew: Bool, began: UInt64, probes: [CircuitKey], now: UInt64,
        changed: (CircuitChange) -> Void
    ) {
        let isRefused = isRefused(route)
        for key in route.circuits {
            var finding = verdict.map { Self.finding($0, of: key, on: route, mayRenew: mayRenew) } ?? .unknown
            // A device counts once, until it takes something: otherwise a few of them could stop all others again and again.
            if isRefused, case .doubted = finding { finding = .unknown }
            let isNew = table[key] == nil
            // What goes well is the rule, and is not written down.
            if isNew, [.good, .heard, .unknown].contains(finding) { continue }
            if isNew { makeRoom() }
            var circuit = table[key] ?? Circuit()
            let hasChanged = circuit.learn(
                finding, began: Self.milliseconds(began), wasProbe: probes.contains(key), now: Self.milliseconds(now),
                rule)
            put(circuit, key)
            if hasChanged {
                changed(CircuitChange(key: key, isOpen: circuit.cause != nil, cause: circuit.cause?.rawValue ?? ""))
            }
        }
    }

    mutating func refused(_ key: CircuitKey, now: UInt64, changed: (CircuitChange) -> Void) {
        if table[key] == nil { makeRoom() }
        let now = Self.milliseconds(now)
        var circuit = table[key] ?? Circuit()
        // Of those who find it out together only the first counts.
        guard circuit.wait(now: now) == nil else { return }
        _ = circuit.learn(.refused, began: now, wasProbe: true, now: now, rule)
        put(circuit, key)
        changed(CircuitChange(key: key, isOpen: true, cause: Circuit.Cause.refused.rawValue))
    }

    /// What a verdict says of one of its route's circuits.
    private static func finding(
        _ verdict: PushVerdict, of key: CircuitKey, on route: PushRoute, mayRenew: Bool
    ) -> Circuit.Finding {
        let isMeant = route.circuit(verdict.scope) == key
        switch verdict.outcome {
        case .delivered: return .good
        case .deviceGone, .messageRefused: return .heard
        case .credentialRefused(let renews):
            if isMeant { return renews && mayRenew ? .unknown : .refused }
        case .deviceRefused:
            if key == route.deviceCircuit { return .refused }
            if isMeant { return .doubted(route.owner) }
        case .throttled(let wait):
            // A webhook's own wait is for its messages, which are parked by it.
            if isMeant { return verdict.scope == .device ? .unknown : .pause(wait) }
        case .temporary(let wait):
            if isMeant {
                return verdict.scope == .device ? .unknown : wait.map { $0 > 0 ? .pause($0) : .failed } ?? .failed
            }
        case .ambiguous:
            if isMeant { return .failed }
        }
        // Somebody has responded, so the host is there; of credentials that says nothing.
        return verdict.status != nil && key == route.hostCircuit ? .heard : .unknown
    }

    private mutating func makeRoom() {
        guard table.count >= Self.most else { return }
        let oldest = table.sorted { $0.value.changedAt < $1.value.changedAt }.prefix(Self.most / 10)
        for (key, _) in oldest { put(nil, key) }
    }

    private mutating func put(_ circuit: Circuit?, _ key: CircuitKey) {
        let before = table[key]
        table[key] = circuit?.isIdle == false ? circuit : nil
        openCount += (circuit?.cause == nil ? 0 : 1) - (before?.cause == nil ? 0 : 1)
    }

    static func milliseconds(_ nanoseconds: UInt64) -> Int64 { Int64(nanoseconds / 1_000_000) }
}
