import Deflate

/// What the connection does for its event stream or WebSocket.
extension HTTPConnection: LiveCarrier {
    var slowClose: (code: Int, reason: String) { server.options.slowClose }

    var inflater: Inflater? { server.inflater }

    func now() -> UInt64 { server.now() }

    func watch(by time: UInt64) { server.watch(self, by: time) }

    func later(_ job: @escaping () -> Void) { server.later(job) }

    // What a closing WebSocket is given goes nowhere.
    func write(_ bytes: UnsafeRawBufferPointer) {
        assert(!isBacklogged, "a WebSocket was written to while backlogged")
        if takesFrames { write(live: bytes) }
    }

    func write(live bytes: UnsafeRawBufferPointer) {
        if !output.isEmpty { flush() }
        guard phase == .streaming || phase == .webSocket else { return }
        // What room is reserved for is written while it is.
        if reserved == nil, server.gather(bytes, for: self) { return }
        guard writeNow(bytes) else { return close(.failed) }
        guard holdBacklog(bytes.count), waits(atMost: server.options.maxWaiting) else { return close(.stalled) }
        if isBacklogged { pauseAsNeeded() }
    }

    func write(chunk bytes: UnsafeRawBufferPointer) {
        guard phase == .streaming else { return }
        if output.capacity == 0 { output = server.takeBuffer() }
        output.append(contentsOf: String(bytes.count, radix: 16).utf8)
        output.append(13)
        output.append(10)
        output.append(contentsOf: bytes)
        output.append(13)
        output.append(10)
        if reserved == nil, outgoing.isEmpty, output.withUnsafeBytes({ server.gather($0, for: self) }) {
            return server.giveBack(&output)
        }
        flush()
    }

    func gather(_ bytes: [UInt8]) { output += bytes }

    func end(_ ended: any LiveTransport, isChunked: Bool) {
        if phase == .streaming, stream === ended {
            stream = nil
            phase = .finishing
            if isChunked { output += HTTPResponse.lastChunk }
            flush()
        } else {
            for exchange in exchanges where exchange.stream === ended { exchange.stream = nil }
        }
    }

    func finish(with bytes: [UInt8]) {
        output += bytes
        phase = .finishing
        flush()
    }
}
