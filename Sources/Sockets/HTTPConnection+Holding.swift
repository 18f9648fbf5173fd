import CLibwebsockets

/// When nothing is read from a connection, and when what was read waits.
extension HTTPConnection {
    /// It has not had a request yet, or has a WebSocket whose user is not known.
    var isNew: Bool { phase == .reading && !isUsed || phase == .webSocket && user == nil }

    /// Goes on where it had stopped because too many requests were being worked on.
    func resume() {
        if isHeld, phase == .reading, exchanges.count <= server.options.maxPipelined / 2 { process() }
    }

    /// lws reads nothing while it has a backlog, yet polls for reading all the same: a byte from the peer, or its end,
    /// would make the loop spin. Nor is what comes ahead of its turn buffered without limit.
    func pauseAsNeeded() {
        let pauses =
            isBacklogged || isHalfClosed || requests?.early.isEmpty == false
            || phase == .reading && parser.buffered > server.options.maxBuffered
        if isBacklogged { server.watch(self, by: server.now() + UInt64(server.options.sweepInterval)) }
        guard pauses != isPaused || isHalfClosed, let wsi = wsi else { return }
        isPaused = pauses
        lws_rx_flow_control(wsi, pauses ? 0 : 1)
    }
}
