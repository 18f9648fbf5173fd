import Core

/// What a connection holds of the budget: for a request that has come in part, and for what its peer has not taken yet.
extension HTTPConnection {
    /// What a request that has come in part holds.
    var incoming: HeldBytes? {
        get { holdings?.incoming }
        set { hold(newValue != nil) { $0.incoming = newValue } }
    }
    /// For what a stream or WebSocket is about to write.
    var reserved: HeldBytes? {
        get { holdings?.reserved }
        set { hold(newValue != nil) { $0.reserved = newValue } }
    }
    /// What the responses in `output` have been given.
    var outgoing: [HeldBytes] {
        get { holdings?.outgoing ?? [] }
        set { hold(!newValue.isEmpty) { $0.outgoing = newValue } }
    }
    /// What those hold that wait for the peer.
    var backlog: [HeldBytes] {
        get { holdings?.backlog ?? [] }
        set { hold(!newValue.isEmpty) { $0.backlog = newValue } }
    }

    private func hold(_ holdsSome: Bool, _ change: (Holdings) -> Void) {
        guard holdsSome || holdings != nil else { return }
        let all = holdings ?? Holdings()
        change(all)
        holdings = all.isEmpty ? nil : all
    }

    /// Whom its bytes are counted for.
    var holder: FairShare.Holder { FairShare.Holder(address: client, user: user) }

    /// Whom its place is counted for: a connection belongs to an address before it is known to be a user's.
    var placeHolder: FairShare.Holder { FairShare.Holder(address: client) }

    /// How many bytes it holds for this holder.
    func held(for holder: FairShare.Holder) -> Int {
        // Most connections hold nothing, and all of them are looked at.
        if backlog.isEmpty, incoming == nil, exchanges.isEmpty { return 0 }
        var all = outgoing + backlog + exchanges.compactMap(\.held)
        if let incoming { all.append(incoming) }
        return all.reduce(0) { holder.includes($1.holder) ? $0 + $1.count : $0 }
    }

    /// Nothing is in flight on it.
    var isIdle: Bool {
        exchanges.isEmpty && stage == .idle && !isBacklogged && phase != .streaming && phase != .webSocket
    }

    /// Closes it so that others can have what it holds. Its bytes are free at once.
    func pushOut() {
        SocketMetrics.shared.pushedOut.add()
        close(.pushedOut)
        incoming = nil
        reserved = nil
        outgoing = []
        backlog = []
        for exchange in exchanges { exchange.held = nil }
    }

    /// What was reserved for a response before it was made now counts for these bytes of `output`.
    func give(_ held: HeldBytes, _ bytes: Int) {
        _ = held.resize(to: min(held.count, bytes))
        outgoing.append(held)
    }

    /// After a write: what the kernel did not take is counted in full until it is gone.
    /// - Returns: false when that is more than the client's share: then nothing may be kept for it.
    func holdBacklog(_ written: Int) -> Bool {
        defer { outgoing = [] }
        guard isBacklogged else { return true }
        var missing = written - outgoing.reduce(0) { $0 + $1.count }
        backlog += outgoing
        if missing > 0, let part = reserved?.split(missing), part.count > 0 {
            missing -= part.count
            backlog.append(part)
        }
        guard missing > 0 else { return true }
        if outgoing.isEmpty, let last = backlog.last { return last.resize(to: last.count + missing) }
        guard let held = server.options.budget.take(missing, for: holder) else { return false }
        backlog.append(held)
        return true
    }

    /// Bytes that wait in user space until the peer reads.
    var waiting: Int { backlog.reduce(0) { $0 + $1.count } }

    func waits(atMost most: Int) -> Bool { !isBacklogged || waiting <= most }

    /// See `LiveTransport`.
    func reserve(_ bytes: Int) -> Bool {
        guard bytes > 0, phase != .closed else {
            reserved = nil
            return true
        }
        if let reserved { return reserved.resize(to: bytes) }
        reserved = server.options.budget.take(bytes, for: holder)
        return reserved != nil
    }

    /// Less is not counted: an idle connection takes as much.
    static let leastHeld = 1024

    /// - Returns: false when it is more than its client's share.
    func holdIncoming(_ bytes: Int) -> Bool {
        guard bytes >= Self.leastHeld else {
            incoming = nil
            return true
        }
        if let incoming { return incoming.resize(to: bytes) }
        incoming = server.options.budget.take(bytes, for: holder)
        return incoming != nil
    }
}
