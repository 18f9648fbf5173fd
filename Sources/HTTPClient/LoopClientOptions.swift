public import Core

/// What a `LoopClient` may do.
public struct LoopClientOptions: Sendable {
    /// Asked of each address when a socket is opened to it, whatever name led there.
    /// - Parameters: the address, and whether TLS will be spoken with it.
    public var mayOpen: @Sendable (IPAddress, Bool) -> Bool
    /// http, too; without it https alone.
    public var takesPlain = false
    /// A file with certificates in PEM that are believed in place of the system's bundle. The system's folder of
    /// certificates is believed in any case.
    public var authorities: String?
    /// Open connections: in all, and to one host.
    public var connections = 256
    public var connectionsOfHost = 8
    /// Requests on one connection of HTTP/2.
    public var streams = 100
    /// Milliseconds for name, connection and TLS.
    public var connectTime = 10_000
    /// Bytes of a body that are kept; what comes behind them is thrown away.
    public var bodyLimit = 16_384

    public init(mayOpen: @escaping @Sendable (IPAddress, Bool) -> Bool) { self.mayOpen = mayOpen }
}
