import Core
import HTTPService

/// What a post was at a time: `{"text","at"}`.
struct PostVersion: Sendable {
    /// Of the edit that wrote it; the post's own of the first.
    let id: ID
    let text: String

    func append(to writer: inout ByteWriter) {
        writer.append(ascii: "{\"text\":")
        writer.append(jsonString: text)
        writer.append(ascii: ",\"at\":\"")
        writer.appendTime(milliseconds: id.milliseconds)
        writer.append(ascii: "\"}")
    }

    private static let component = Component(
        "PostVersion",
        .object([
            .always("text", .string(length: 0...5000)), .always("at", Component.time.reference, "When it was written."),
        ]), writing: PostVersion(id: PostView.example.id, text: PostView.example.text).append)

    static let list = Component(
        "PostVersionList", .list(of: component),
        example: ["items": [component.example], "next": Component.cursor.example])
}
