import Core
import Runtime

/// When each client wants to be looked at: for its ping, for a pong that does not come, for the end of its token. Nobody else
/// is looked at. Lives on the gateway's loop.
final class ClientTimes {
    /// In nanoseconds.
    private var wheel: TimerWheel
    private var ticker: LoopTimer?
    /// Milliseconds.
    private static let resolution = 125
    private var standstill = Standstill(longest: 1_000_000_000, grace: 1_000_000_000)

    init(loop: EventLoop) {
        wheel = TimerWheel(resolution: UInt64(Self.resolution) * 1_000_000, now: monotonicNanoseconds())
        ticker = LoopTimer(on: loop, after: Self.resolution, repeating: Self.resolution) { [unowned self] in
            let now = monotonicNanoseconds()
            guard !standstill.isRecent(now: now) else { return }
            for client in wheel.takeDue(now: now) { look(at: client, now) }
        }
    }

    /// Looks at it, and again when it says, until it is told to stop.
    func look(at client: any Timed, _ now: UInt64) {
        if let next = client.look(now: now) { wheel.set(client, at: next) }
    }

    func stop(_ client: any Timed) { wheel.remove(client) }

    func close() {
        ticker?.cancel()
    }
}
