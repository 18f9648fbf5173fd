import Core
import HTTPService

/// A session as its user sees it: `{"id","created_at","seen_at","client"?,"current"}`.
struct SessionView: Sendable {
    let id: ID
    /// When its tokens were asked for last, in milliseconds since 1970.
    let seenAt: Int64
    /// What the client called itself then.
    let client: String?
    /// It is the one that asks.
    let isCurrent: Bool

    func append(to writer: inout ByteWriter) {
        writer.append(ascii: "{\"id\":\"")
        writer.append(decimal: id.raw)
        writer.append(ascii: "\",\"created_at\":\"")
        writer.appendTime(milliseconds: id.milliseconds)
        writer.append(ascii: "\",\"seen_at\":\"")
        writer.appendTime(milliseconds: seenAt)
        writer.append(ascii: "\"")
        writer.append(key: "client", of: client)
        writer.append(isCurrent ? ",\"current\":true}" : ",\"current\":false}")
    }

    private static let example = SessionView(
        id: UserView.example.id, seenAt: UserView.example.id.milliseconds, client: "Mozilla/5.0", isCurrent: true)

    private static let component = Component(
        "OpenSession",
        .object([
            .always("id", Component.id.reference), .always("created_at", Component.time.reference),
            .always(
                "seen_at", Component.time.reference, "When it got tokens last: while it is used, every 15 minutes."),
            .sometimes(
                "client", .string(length: 1...SessionOrigin.longestClient), "What the client called itself then."),
            .always("current", .boolean, "Is it the session that asks?"),
        ]), writing: example.append)

    static let list = Component(
        "OpenSessionList", .list(of: component),
        example: ["items": [component.example], "next": Component.cursor.example])
}
