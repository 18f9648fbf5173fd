public import Core
import HTTPService
public import Live

/// What a long poll says of one of its channels, as an item: `{"channel":"user:1","type":"live"}`.
public enum PollVerdict: Sendable {
    /// It begins here: the position said nothing of it.
    case live
    /// What was missed can't be told any more: read this path, and go on.
    case reset(read: String)
    /// The caller may see it no more, or it is gone: do not ask for it again.
    case unsubscribed(Unsubscribe)

    /// - Parameter channel: as the client calls it.
    public func append(of channel: String, to writer: inout ByteWriter) {
        writer.append(ascii: "{\"channel\":")
        writer.append(jsonString: channel)
        switch self {
        case .live:
            writer.append(ascii: ",\"type\":\"live\"}")
        case .reset(let path):
            writer.append(ascii: ",\"type\":\"reset\",\"read\":")
            writer.append(jsonString: path)
            writer.append(ascii: "}")
        case .unsubscribed(let reason):
            writer.append(ascii: ",\"type\":\"unsubscribed\",\"code\":")
            writer.append(decimal: Int64(reason.rawValue))
            writer.append(ascii: ",\"reason\":")
            writer.append(jsonString: reason.reason)
            writer.append(ascii: "}")
        }
    }

    /// By type.
    static let components = [
        ("live", component("ChannelLive", "live", [], .live)),
        (
            "reset",
            component(
                "ChannelReset", "reset", [.always("read", .string(), "The path that has what the channel is about.")],
                .reset(read: "/v1/posts/7033541419028480"))
        ),
        (
            "unsubscribed",
            component(
                "ChannelEnded", "unsubscribed",
                [
                    .always("code", .integer(2000...2999), "From 2500 on ask for the channel again."),
                    .always("reason", .string()),
                ], .unsubscribed(.refused))
        ),
    ]

    private static func component(
        _ name: String, _ type: String, _ more: [Schema.Property], _ example: PollVerdict
    ) -> Component {
        Component(
            name, .object([.always("channel", .string()), .always("type", .constant(type))] + more),
            writing: { example.append(of: "post:7033541419028480", to: &$0) })
    }
}
