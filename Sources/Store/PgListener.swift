import Core
public import Runtime

/// Hears NOTIFY on a connection of its own and reconnects by itself. A notification that was sent while it was away is
/// lost: `onState(true)` tells when to look for what was missed.
public final class PgListener: Sendable {
    private let state: LoopBound<State>

    /// - Parameters:
    ///   - channels: names as written in LISTEN, which takes no parameter.
    ///   - onState: true each time all channels are heard, false when the connection has ended. On the loop's thread.
    public init(
        loop: EventLoop, connectionInfo: String, channels: [StaticString],
        onState: @escaping @Sendable (Bool) -> Void,
        onNotification: @escaping @Sendable (_ channel: String, _ payload: String) -> Void
    ) {
        state = LoopBound(on: loop) {
            let state = State(
                loop: loop, connectionInfo: connectionInfo, channels: channels, onState: onState,
                onNotification: onNotification)
            state.connect()
            return state
        }
    }

    public func close() {
        state.run { $0.close() }
    }

    private final class State {
        let loop: EventLoop
        let connectionInfo: String
        let channels: [StaticString]
        let onState: @Sendable (Bool) -> Void
        let onNotification: @Sendable (String, String) -> Void
        var connection: PgConnection?
        var retry: LoopTimer?
        var heartbeat: LoopTimer?
        var closed = false

        init(
            loop: EventLoop, connectionInfo: String, channels: [StaticString],
            onState: @escaping @Sendable (Bool) -> Void,
            onNotification: @escaping @Sendable (String, String) -> Void
        ) {
            self.loop = loop
            self.connectionInfo = connectionInfo
            self.channels = channels
            self.onState = onState
            self.onNotification = onNotification
        }

        func connect() {
            guard !closed else { return }
            let connection = PgConnection(
                loop: loop, connectionInfo: connectionInfo, settings: SessionSettings())
            self.connection = connection
            connection.onReady = { [weak self] in self?.listen() }
            connection.onNotification = { [weak self] in self?.onNotification($0, $1) }
            connection.onClosed = { [weak self] error in
                guard let self, !self.closed else { return }
                self.heartbeat?.cancel()
                self.onState(false)
                self.retry = LoopTimer(on: self.loop, after: 250) { [weak self] in self?.connect() }
            }
        }

        func listen() {
            let statements = channels.map { ("LISTEN \(SQL($0))" as SQL).rendered() }
            connection?.send(statements) { [weak self] result in
                guard let self else { return }
                guard case .success = result else {
                    self.connection?.close()
                    return
                }
                self.onState(true)
                // A dead link is noticed by a query that does not come back.
                self.heartbeat = LoopTimer(on: self.loop, after: 5000, repeating: 5000) { [weak self] in self?.beat() }
            }
        }

        func beat() {
            guard let connection else { return }
            if connection.inFlight > 0 {
                connection.close()
            } else {
                connection.send([SQL("SELECT 1").rendered()]) { _ in }
            }
        }

        func close() {
            closed = true
            retry?.cancel()
            heartbeat?.cancel()
            connection?.close()
        }
    }
}
