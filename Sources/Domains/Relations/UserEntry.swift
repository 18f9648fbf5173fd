import Accounts
import Core
import HTTPService

/// A user in a list, with when the entry was made: `{"user","created_at","until"?}`.
struct UserEntry: Sendable {
    let user: UserView
    /// By which its list is ordered; its time is the entry's.
    let id: ID
    /// Milliseconds since 1970.
    let until: Int64?

    func append(to writer: inout ByteWriter) {
        writer.append(ascii: "{\"user\":")
        user.append(to: &writer)
        writer.append(ascii: ",\"created_at\":\"")
        writer.appendTime(milliseconds: id.milliseconds)
        writer.append(ascii: "\"")
        if let until {
            writer.append(ascii: ",\"until\":\"")
            writer.appendTime(milliseconds: until)
            writer.append(ascii: "\"")
        }
        writer.append(ascii: "}")
    }

    static let component = Component(
        "UserEntry",
        .object([
            .always("user", UserView.component.reference), .always("created_at", Component.time.reference),
            .sometimes("until", Component.time.reference, "When it ends by itself."),
        ]), writing: UserEntry(user: .example, id: UserView.example.id, until: nil).append)

    static let list = Component(
        "UserEntryList", .list(of: component),
        example: ["items": [component.example], "next": Component.cursor.example])
}
