import Accounts
public import Core
import HTTPService

/// A user who is mentioned in a post's text: `{"id","handle","from","to"}`. Bound to the id: a new handle keeps it.
public struct PostMention: Sendable, Equatable {
    public let user: ID
    /// As the user is called now.
    public let handle: String
    /// In the text, in Unicode scalars; `to` is behind it.
    public let from: Int
    public let to: Int

    public init(user: ID, handle: String, from: Int, to: Int) {
        (self.user, self.handle, self.from, self.to) = (user, handle, from, to)
    }

    func append(to writer: inout ByteWriter) {
        writer.append(ascii: "{\"id\":\"")
        writer.append(decimal: user.raw)
        writer.append(ascii: "\",\"handle\":")
        writer.append(jsonString: handle)
        writer.append(ascii: ",\"from\":")
        writer.append(decimal: Int64(from))
        writer.append(ascii: ",\"to\":")
        writer.append(decimal: Int64(to))
        writer.append(ascii: "}")
    }

    static let component = Component(
        "Mention",
        .object([
            .always("id", Component.id.reference), .always("handle", .string(), "As the user is called now."),
            .always("from", .integer(0...5000), "Where it is in the text, in Unicode scalars."),
            .always("to", .integer(0...5000), "Behind it."),
        ]),
        writing: PostMention(user: UserView.example.id, handle: UserView.example.handle, from: 3, to: 9).append)
}
