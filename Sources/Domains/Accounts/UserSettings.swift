import Core
import HTTPService

/// What of a user only the user sees.
public struct UserSettings: Sendable, Equatable {
    public let isDiscoverable: Bool
    public let hasPassword: Bool
    /// BCP 47.
    public let locale: String?
    /// The IANA's name.
    public let timeZone: String?

    public init(isDiscoverable: Bool, hasPassword: Bool, locale: String?, timeZone: String?) {
        self.isDiscoverable = isDiscoverable
        self.hasPassword = hasPassword
        self.locale = locale
        self.timeZone = timeZone
    }

    /// Among the keys of a user.
    func appendKeys(to writer: inout ByteWriter) {
        writer.append(isDiscoverable ? ",\"discoverable\":true" : ",\"discoverable\":false")
        writer.append(hasPassword ? ",\"has_password\":true" : ",\"has_password\":false")
        writer.append(key: "locale", of: locale)
        writer.append(key: "time_zone", of: timeZone)
    }

    static let keys: [Schema.Property] = [
        .sometimes("discoverable", .boolean, "May the account be suggested and found? The caller's own only."),
        .sometimes(
            "has_password", .boolean,
            "What must be confirmed is confirmed by it; otherwise by the recovery code, or a new log-in by the account's "
                + "provider. The caller's own only."),
        .sometimes("locale", .string(), "BCP 47. The caller's own only."),
        .sometimes("time_zone", .string(), "The IANA's name. The caller's own only."),
    ]
}
