import Core

/// What the operator says of devices.
public struct DeviceOptions: Sendable {
    /// Users may have notifications sent to servers of theirs.
    public var allowsWebhooks = true
    /// Applications that the site has APNs' leave to send to, by their bundle identifiers; empty: any is taken.
    public var apnsTopics: [String] = []
    /// Devices may be on this machine, and without TLS: for tests.
    public var allowsLoopback = false

    public init() {}

    /// - Returns: `nil`: it may be sent to.
    func problem(topic: String) -> String? {
        guard !apnsTopics.isEmpty, !apnsTopics.containsExactly(topic) else { return nil }
        return "topic must be that of an application of this site: " + apnsTopics.joined(separator: " or ")
    }
}
