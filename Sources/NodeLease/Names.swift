import Core

// What this module's log events and metrics are called: docs/telemetry.md lists them all.

extension LogEvent {
    /// This process has a node number, and makes ids with it.
    static let nodeLeased = LogEvent("node.leased")
    /// Another process has the number: this one takes another.
    static let nodeLost = LogEvent("node.lost")
    /// The lease could not be renewed; ids are made for as long as it lasts.
    static let nodeUnsure = LogEvent("node.renewal_failed")
    /// The number could not be given back: it is free a minute later.
    static let nodeKept = LogEvent("node.not_released")
}

extension MetricName {
    static let idNode = MetricName("martlet_id_node", "Node number in the ids that this process makes; -1: it has none")
}
