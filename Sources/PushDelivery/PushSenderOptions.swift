public import Core

/// How much is sent at a time, and where to.
public struct PushSenderOptions: Sendable {
    /// Requests in flight in all.
    public var inFlight = 1000
    /// The most in flight for one credential, and for one host by it. What is allowed at a time follows what they respond.
    public var ofCredential = 500
    public var ofHost = 200
    /// Requests that wait for their turn: in all; for one host; and for each that a host is allowed at a time, so that one that is slow
    /// holds few.
    public var waiting = 4096
    public var waitingOfHost = 1024
    public var waitingOfAllowed = 16
    /// Milliseconds that a request waits for its turn: then others may have its place.
    public var patience = 5000
    /// Milliseconds for a request, from its start to the end of the response.
    public var milliseconds = 20_000
    /// A request that takes longer than this on the average has too many beside it.
    public var targetMilliseconds = 5000
    /// Ranges that may be sent to although they are not public, by http, too: for tests and for a sink.
    public var exempt: [IPRange] = []
    /// A file with certificates in PEM: see `LoopClientOptions.authorities`.
    public var authorities: String?

    public init() {}
}
