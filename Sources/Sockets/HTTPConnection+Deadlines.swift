/// How long a connection waits for what comes next.
extension HTTPConnection {
    func setDeadline() {
        let options = server.options
        let timeout =
            switch stage {
            case .idle: options.idleTimeout
            case .head: options.headTimeout
            case .body, .failed: options.bodyTimeout
            case .refused: min(options.headTimeout, 1000)
            }
        deadline = server.now() + UInt64(timeout)
    }

    func look(now: UInt64) -> UInt64? {
        check(now: now)
        guard phase != .closed else { return nil }
        // For as long as it is slow, its progress is looked at.
        if isBacklogged {
            server.noteWaiting(waiting)
            return now + UInt64(server.options.sweepInterval)
        }
        switch phase {
        case .closed, .streaming: return nil
        case .webSocket: return webSocket?.deadline
        case .reading, .finishing, .lingering: return deadline
        }
    }

    private func check(now: UInt64) {
        let options = server.options
        let isStalled =
            phase != .closed && isStalled(now: now, timeout: options.writeTimeout, leastRate: options.leastRate)
        if phase == .webSocket {
            webSocket?.check(now: now, isStalled: isStalled)
            return
        }
        if isStalled { return close(.stalled) }
        guard now >= deadline else { return }
        deadline = now + UInt64(options.idleTimeout)
        // It is still reading what it was sent, at its own pace; nothing is read from it meanwhile.
        guard !isBacklogged else { return }
        switch phase {
        case .reading where stage != .idle:
            let timeout = HTTPRequestError(.timeout, "The request did not arrive in time.")
            refuse(parser.refusal ?? timeout, origin: parser.origin)
        case .reading where exchanges.isEmpty: close(.local)
        case .finishing where isHalfClosed: close(.peer(code: nil))
        case .lingering: close(.local)
        default: break
        }
    }
}
