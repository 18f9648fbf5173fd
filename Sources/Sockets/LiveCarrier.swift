import Core
import Deflate

/// The connection that an event stream or a WebSocket is on.
protocol LiveCarrier: Link, FrameSink {
    /// See `LiveTransport`.
    var user: ID? { get set }
    func reserve(_ bytes: Int) -> Bool
    /// Of the loop; `nil`: nothing is compressed.
    var inflater: Inflater? { get }
    /// What a WebSocket that takes too little is closed with.
    var slowClose: (code: Int, reason: String) { get }

    /// Milliseconds of a clock that never steps.
    func now() -> UInt64
    /// Looks at the transport by that time.
    func watch(by time: UInt64)
    /// Does the job in the next turn of the loop.
    func later(_ job: @escaping () -> Void)

    /// Writes at once, behind what was gathered.
    func write(live bytes: UnsafeRawBufferPointer)
    /// The same as one chunk (RFC 9112, section 7.1), which a client that reads by length gets at once.
    func write(chunk bytes: UnsafeRawBufferPointer)
    /// Goes out with the next `flush`.
    func gather(_ bytes: [UInt8])
    func flush()

    /// The stream is closed by its owner.
    func end(_ stream: any LiveTransport, isChunked: Bool)
    /// The last bytes: then our side of the connection is closed, and the peer has some seconds to close its own.
    func finish(with bytes: [UInt8])
    /// Closes at once, though never from within this call.
    func close(_ reason: CloseReason)
}
