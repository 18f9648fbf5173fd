/// What the operator says of devices.
public struct DeviceOptions: Sendable {
    /// Users may have notifications sent to servers of theirs.
    public var allowsWebhooks = true
    /// Devices may be on this machine, and without TLS: for tests.
    public var allowsLoopback = false

    public init() {}
}
