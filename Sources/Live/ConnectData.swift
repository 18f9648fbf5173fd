import Core

/// What `connect` says in `data`, which is `{"since"?: LIVE, "channels"?: "feed,notifications"}` or nothing.
public struct ConnectData: Sendable, Equatable {
    /// `live` of a REST page.
    public let since: String?
    /// Whether the client wants `notifications:{me}` beside the feed.
    public let isNotified: Bool

    public init(since: String? = nil, isNotified: Bool = false) {
        (self.since, self.isNotified) = (since, isNotified)
    }

    /// Names of channels that are not known are passed over, as keys are: the reply says which there are.
    init(_ data: JSONValue) throws(CommandError) {
        guard !data.isNull else {
            self.init()
            return
        }
        guard let object = data.object else { throw .badRequest }
        self.init(
            since: try Self.text(object["since"]),
            isNotified: try Self.text(object["channels"])?.utf8.split(separator: UInt8(ascii: ",")).contains {
                Substring($0).isExactly(ChannelName.notificationsKind)
            } ?? false)
    }

    private static func text(_ value: JSONValue?) throws(CommandError) -> String? {
        guard let value else { return nil }
        guard let text = value.string else { throw .badRequest }
        return text
    }
}
