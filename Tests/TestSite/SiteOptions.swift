public import Devices
public import OpenIDConnect

/// How a site differs from the one that most tests want.
public struct SiteOptions: Sendable {
    /// Rates are limited; off where tests ask as fast as they can.
    public var limitsAreOn = false
    /// False: Redis does not answer, and feeds come from PostgreSQL.
    public var hasRedis = true

    /// By which people may log in; nobody listens there.
    public var providers = [
        Provider(
            name: "example", issuer: "https://127.0.0.1:1", clientID: "martlet",
            redirects: ["https://app.example/back"])
    ]

    /// Which nobody may take, nor what looks like them.
    public var refusedNames = ["Martlet", "관리자"]

    /// What the operator says of devices.
    public var devices = DeviceOptions()

    public init() {}

    public static var withoutRedis: SiteOptions {
        var options = SiteOptions()
        options.hasRedis = false
        return options
    }
}
