import Core
import Glibc

/// The way out: responses, the head of a stream, and the end.
extension HTTPConnection: ExchangeOwner {
    func respond(to exchange: HTTPExchange, _ response: HTTPResponse) {
        guard let pieces = response.pieces else { return respond(to: exchange, response, with: nil) }
        let stream = EventStream(self, isChunked: false)
        stream.owner = BodyPump(pieces, over: stream, on: server.loop)
        respond(to: exchange, response, with: stream)
    }

    func stream(_ exchange: HTTPExchange, _ head: HTTPResponse) -> EventStream {
        let stream = EventStream(self, isChunked: exchange.takesChunks)
        respond(to: exchange, head, with: stream)
        return stream
    }

    /// The response goes out at once if it is its turn, otherwise it waits in its exchange.
    private func respond(to exchange: HTTPExchange, _ response: HTTPResponse, with stream: EventStream?) {
        guard phase != .closed else { return }
        let isLastOfDrain = server.isDraining && exchanges.count == 1 && stage == .idle
        let closes = exchange.closes || stream != nil || isLastOfDrain
        let ofStream = exchange.takesChunks ? Framing.Length.chunked : .untilTheEnd
        let framing = Framing(
            date: server.date, isHead: exchange.isHead, closes: closes,
            length: response.pieces.map { .stated($0.length) } ?? (stream == nil ? .known : ofStream))
        var response = response
        response.headers += exchange.commonHeaders
        if closes && stream == nil { phase = .finishing }
        exchange.stream = stream
        exchange.isStream = stream != nil
        if exchanges.first === exchange, !isBacklogged {
            if output.capacity == 0 { output = server.takeBuffer() }
            let before = output.count
            response.append(to: &output, framing)
            if let held = response.held { give(held, output.count - before) }
            exchanges.removeFirst()
            wentOut(exchange)
            advance()
        } else {
            var bytes: [UInt8] = []
            response.append(to: &bytes, framing)
            guard let held = response.held ?? server.options.budget.take(bytes.count, for: holder) else {
                return close(.stalled)
            }
            exchange.ready = bytes
            exchange.held = held
        }
        if !isProcessing {
            flush()
            resume()
        }
    }

    /// Sends the responses whose turn has come.
    func advance() {
        while !isBacklogged, let first = exchanges.first, let bytes = first.ready {
            output += bytes
            if let held = first.held { give(held, bytes.count) }
            exchanges.removeFirst()
            wentOut(first)
        }
    }

    private func wentOut(_ exchange: HTTPExchange) {
        guard exchange.isStream else { return }
        dropExchanges(from: 0)
        guard let stream = exchange.stream, !exchange.isHead else {
            phase = .finishing
            if exchange.takesChunks, !exchange.isHead { output += HTTPResponse.lastChunk }
            exchange.stream?.close()
            return
        }
        phase = .streaming
        readNoMore()
        self.stream = stream
        stream.start()
    }

    /// Hands to lws what has been gathered.
    func flush() {
        // In the order in which it was written.
        if isGathered { server.submit() }
        if owesContinue, exchanges.isEmpty, phase == .reading {
            owesContinue = false
            output += Array("HTTP/1.1 100 Continue\r\n\r\n".utf8)
        }
        if !output.isEmpty {
            let count = output.count
            let isAlive = output.withUnsafeBytes { writeNow($0) }
            server.giveBack(&output)
            guard isAlive else { return close(.failed) }
            guard holdBacklog(count) else { return close(.stalled) }
            if phase == .reading, stage == .idle { setDeadline() }
        }
        pauseAsNeeded()
        guard exchanges.isEmpty, !isBacklogged, !isProcessing else { return }
        switch phase {
        case .finishing: linger()
        case .reading where server.isDraining && stage == .idle && isUsed && server.options.drainIdleTimeout == 0:
            close(.local)
        case .reading where isProxied && stage == .idle: _ = owner.move(self, to: nil)
        default: break
        }
    }

    /// Closes our side. The peer's end closes the connection, or the deadline.
    private func linger() {
        guard !isHalfClosed else { return close(.peer(code: nil)) }
        phase = .lingering
        deadline = server.now() + UInt64(server.options.lingerTimeout)
        shutdown(descriptor, Int32(SHUT_WR))
    }

    /// The server accepts nothing more. A client that has just connected may still send one request, at once.
    func drain() {
        guard phase == .reading else { return }
        if stage == .idle {
            let patience = isUsed ? server.options.drainIdleTimeout : max(1000, server.options.drainIdleTimeout)
            deadline = min(deadline, server.now() + UInt64(patience))
        }
        flush()
    }

    // MARK: Refusals

    static let tooMany = HTTPRequestError(.overloaded, "There are too many connections.")
    static let outOfMemory = HTTPRequestError(.overloaded, "Too many bytes are waiting here to take more.")

    func refusal(_ error: HTTPRequestError) -> HTTPResponse {
        var response = server.handler.refused(error, remoteAddress: remoteAddress)
        switch error.kind {
        case .upgradeRequired: response.headers += [("Upgrade", "websocket"), ("Sec-WebSocket-Version", "13")]
        case .overloaded where !response.headers.contains { $0.0.equalsIgnoringCase("retry-after") }:
            response.headers.append(("Retry-After", "5"))
        default: break
        }
        return response
    }
}
