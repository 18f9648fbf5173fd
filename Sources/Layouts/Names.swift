import Core

// What this module's log events are called: docs/telemetry.md lists them all.

extension LogEvent {
    /// The site has another number of partitions from now on; this process was the last to see to it.
    static let layoutBegun = LogEvent("layout.begun")
    /// The number of partitions changes: the process ends its work, and begins anew.
    static let layoutEnds = LogEvent("layout.ends")
    /// A change of the partitions was taken back: a process still works in the layout of before.
    static let layoutKept = LogEvent("layout.kept")
    /// The process could not look whether the number of partitions is to change; it is tried again.
    static let layoutUnsure = LogEvent("layout.unsure")
    /// The setting has a number of partitions that the site had before a change; the recorded one is taken. Remove the setting.
    static let settingOutdated = LogEvent("setting.outdated")
}
