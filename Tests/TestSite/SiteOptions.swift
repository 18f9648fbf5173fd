/// How a site differs from the one that most tests want.
public struct SiteOptions: Sendable {
    /// Rates are limited; off where tests ask as fast as they can.
    public var limitsAreOn = false
    /// False: Redis does not answer, and feeds come from PostgreSQL.
    public var hasRedis = true

    /// Which nobody may take, nor what looks like them.
    public var refusedNames = ["Martlet", "관리자"]

    public init() {}

    public static var withoutRedis: SiteOptions {
        var options = SiteOptions()
        options.hasRedis = false
        return options
    }
}
