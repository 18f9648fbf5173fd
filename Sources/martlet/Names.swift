import Core

// What this module's log events and metrics are called: docs/telemetry.md lists them all.

extension LogEvent {
    /// The server is open to other machines, in plain HTTP: put a gateway with TLS in front, and let only it in
    /// (docs/security.md).
    static let addressExposed = LogEvent("address.exposed")
    /// A file of the demo page's folder is not a regular one that can be read.
    static let fileNotServed = LogEvent("file.not_served")
    /// There is no demo page: the folder web-demo was not found. Set MARTLET_WEB.
    static let pageMissing = LogEvent("page.missing")
    /// The process ends with work in hand, which comes again.
    static let processCutShort = LogEvent("process.cut_short")
    /// The process drains.
    static let processEnding = LogEvent("process.ending")
    /// A server that the process needs for its start is not there: it tries again for so many seconds.
    static let serverAwaited = LogEvent("server.awaited")
    /// A variable of the environment begins like a setting and is none.
    static let settingUnknown = LogEvent("setting.unknown")
    /// The process was asked to end.
    static let signalReceived = LogEvent("signal.received")
}

extension MetricName {
    static let buildInfo = MetricName(
        "martlet_build_info", "1, with the program's version and the commit it was built from")
}
