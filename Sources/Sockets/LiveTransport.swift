public import Core

/// An open stream to a client: server-sent events or a WebSocket. Confined to its loop.
public protocol LiveTransport: FrameSink {
    /// Bytes of an earlier write still wait in user space: write nothing until it has drained.
    var isBacklogged: Bool { get }

    /// Nothing can be written any more; its owner has been told or is about to be.
    var isClosed: Bool { get }

    /// Whose it is: what waits for it is counted for the user, too.
    var user: ID? { get set }

    /// Reserves room for bytes that are about to be written, in place of what was reserved before. Whoever has to do
    /// work for them reserves it first, and sets it to zero afterwards.
    /// - Returns: false when it is more than the client's share; then nothing changes.
    func reserve(_ bytes: Int) -> Bool

    /// Hands bytes to the kernel; what it does not take is kept and sent later, and `isBacklogged` says so.
    ///
    /// - Parameter bytes: for an `EventStream` as they go out; for a `WebSocket` a run of whole frames, unmasked.
    ///   They are not written to and not kept, so one buffer serves any number of transports.
    /// - Precondition: not backlogged. On a closed transport it does nothing.
    func write(_ bytes: UnsafeRawBufferPointer)

    /// Hears what happens to it. It is kept until the transport is closed.
    var owner: (any TransportOwner)? { get set }

    /// Sends what is waiting, then closes.
    func close()
}

/// Who has a transport. It is told on the transport's loop.
public protocol TransportOwner: AnyObject {
    /// A whole message of a WebSocket; text is valid UTF-8.
    func received(_ payload: [UInt8], isText: Bool)
    /// A backlog has gone.
    func drained()
    /// Told once, never from within `write` or `close`; after it nothing may be written.
    func closed(_ reason: CloseReason)
}

extension TransportOwner {
    public func received(_ payload: [UInt8], isText: Bool) {}
}

public enum CloseReason: Sendable, Equatable {
    /// The peer ended it. A WebSocket's Close frame has a code.
    case peer(code: UInt16?)
    /// `close` was called, or the server is closing.
    case local
    /// The peer took too little for as long as `ServerOptions.writeTimeout`. A WebSocket is sent `ServerOptions.slowClose`,
    /// for which it has 5 s.
    case stalled
    /// Its place or its memory was needed for others, who have much less.
    case pushedOut
    /// The network failed, or the peer broke the protocol.
    case failed
}
