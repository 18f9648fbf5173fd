import Core

// What this module's log events and metrics are called: docs/telemetry.md lists them all.

extension LogEvent {
    /// From now on this process writes the format.
    static let formatEnabled = LogEvent("format.enabled")
    /// A format that this version does not read was enabled by force: what is written in it is passed over here.
    static let formatUnknown = LogEvent("format.unknown")
    /// The process could not write down that it still runs; it is tried again.
    static let processNotRenewed = LogEvent("process.not_renewed")
}
