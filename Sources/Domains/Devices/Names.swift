import Core

// What this module's log events and metrics are called: docs/telemetry.md lists them all.

extension MetricName {
    static let waitingDeliveries = MetricName(
        "martlet_deliveries_waiting", "Notifications for devices that are still to be sent")
    static let devicesSealedBefore = MetricName(
        "martlet_devices_sealed_before",
        "Devices that another secret of the site has sealed than the one that signs; -1: not counted yet")
    static let deadDeliveries = MetricName(
        "martlet_deliveries_dead", "Notifications for devices that were given up, and may be redriven")
}
