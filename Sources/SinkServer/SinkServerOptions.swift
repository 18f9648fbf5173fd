/// Where a sink is, and how much of what came it keeps.
public struct SinkServerOptions: Sendable {
    /// Numeric.
    public var address = "127.0.0.1"
    /// 0: any that is free.
    public var port: UInt16 = 0
    /// By which senders know it: in its addresses and in its certificate.
    public var name = "localhost"
    /// Gets the authority's certificate and the keys of senders, for them to read.
    public var folder: String
    /// Requests that are kept, the newest.
    public var kept = 1000

    public init(folder: String) { self.folder = folder }
}
