import Core
import Deflate
import Runtime

/// What the connections of a server share: its settings and handler, its clock, its jobs, and a buffer that one of them
/// needs at a time. Confined to its loop.
final class ServerContext {
    let loop: EventLoop
    let options: ServerOptions
    let handler: any ServerHandler
    /// Of all WebSockets, which have one message at a time; `nil`: none is compressed.
    let inflater: Inflater?
    /// Nothing more is accepted.
    var isDraining = false
    /// The value of `Date`.
    private(set) var date: [UInt8] = []

    /// When each connection has something to be looked at for, by `now`. An idle WebSocket or event stream has nothing.
    private var wheel: TimerWheel
    private var standstill: Standstill
    private var mostWaiting = 0
    private let mostShown = GaugePart(of: SocketMetrics.shared.mostWaiting, .largest)

    let turns: Turns
    private let batch: WriteBatch
    private var beforeWaiting: BeforeWaiting?

    private var jobs: [() -> Void] = []
    private var jobTimer: LoopTimer?
    private var spare: [UInt8] = []

    init(loop: EventLoop, options: ServerOptions, handler: any ServerHandler) throws(SocketError) {
        self.loop = loop
        self.options = options
        self.handler = handler
        inflater = options.deflates ? Inflater() : nil
        wheel = TimerWheel(resolution: UInt64(options.sweepInterval), now: monotonicNanoseconds() / 1_000_000)
        standstill = Standstill(longest: UInt64(options.sweepInterval) + 1000, grace: 1000)
        Metrics.shared.queueLimit("connection_bytes").set(options.maxWaiting)
        batch = try options.writes.makeBatch()
        turns = Turns(loop: loop)
        beforeWaiting = BeforeWaiting(on: loop) { [unowned self] in
            turns.next()
            batch.submit()
        }
    }

    // MARK: Writing

    /// Has the bytes go out with others, at the end of this turn of the loop.
    /// - Returns: false when they are to be written at once.
    func gather(_ bytes: UnsafeRawBufferPointer, for link: Link) -> Bool { batch.add(bytes, to: link) }

    func submit() { batch.submit() }

    /// Milliseconds of a clock that never steps.
    func now() -> UInt64 { monotonicNanoseconds() / 1_000_000 }

    /// The connection is looked at by then, or earlier, until it says that it need not be.
    func watch(_ connection: any Timed, by time: UInt64) { wheel.set(connection, noLaterThan: time) }

    func forget(_ connection: any Timed) { wheel.remove(connection) }

    /// One timer instead of one for each connection: lws keeps its own in one list sorted by time.
    func lookAtDue() {
        let now = now()
        guard !standstill.isRecent(now: now) else { return }
        let before = mostWaiting
        mostWaiting = 0
        for connection in wheel.takeDue(now: now) {
            if let next = connection.look(now: now) { wheel.set(connection, noLaterThan: next) }
        }
        // A slow one is looked at in each turn, or in each second one.
        mostShown.set(max(before, mostWaiting))
    }

    /// Bytes that wait for a connection whose peer is slow: it is looked at again and again.
    func noteWaiting(_ bytes: Int) { mostWaiting = max(mostWaiting, bytes) }

    func updateDate() { date = httpDate(milliseconds: SystemClock().milliseconds()) }

    /// Does the job in the next turn of the loop: closing, which calls back, must not happen inside what lws or a
    /// handler is in the middle of.
    func later(_ job: @escaping () -> Void) {
        jobs.append(job)
        guard jobTimer == nil else { return }
        jobTimer = LoopTimer(on: loop, after: 0) { [unowned self] in runJobs() }
    }

    private func runJobs() {
        jobTimer = nil
        while !jobs.isEmpty {
            let now = jobs
            jobs = []
            for job in now { job() }
        }
    }

    // MARK: Buffers

    /// An empty buffer with room: one is enough for all connections that respond at once.
    func takeBuffer() -> [UInt8] {
        defer { spare = [] }
        return spare
    }

    func giveBack(_ buffer: inout [UInt8]) {
        if buffer.capacity <= 1 << 17 {
            buffer.removeAll(keepingCapacity: true)
            spare = buffer
        }
        buffer = []
    }
}

@available(*, unavailable)
extension ServerContext: Sendable {}
