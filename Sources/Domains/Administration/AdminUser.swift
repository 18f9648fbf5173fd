import Accounts
import Core
import HTTPService
import Store

/// A user as moderators see him: `{"user","role","suspended_until"?}`.
struct AdminUser: Sendable {
    let user: UserView
    let role: UserRole
    let suspension: Suspension?

    /// What a value is made from, of users `u` and their counters.
    static let columns: SQL = "\(UserRow.columns), \(Standing.columns)"

    init(user: UserView, role: UserRole, suspension: Suspension?) {
        (self.user, self.role, self.suspension) = (user, role, suspension)
    }

    init(_ row: PgRow) throws(PgError) {
        self.init(
            user: try UserRow.view(row, relation: nil, isOwn: false), role: try UserRole(row),
            suspension: try Suspension.now(row))
    }

    func append(to writer: inout ByteWriter) {
        writer.append(ascii: "{\"user\":")
        user.append(to: &writer)
        writer.append(ascii: ",\"role\":")
        writer.append(jsonString: role.rawValue)
        if let suspension {
            writer.append(ascii: ",\"suspended_until\":")
            writer.append(jsonString: suspension.text)
        }
        writer.append(ascii: "}")
    }

    static let component = Component(
        "AdminUser",
        .object([
            .always("user", UserView.component.reference), .always("role", UserRole.schema),
            .sometimes("suspended_until", Component.time.reference, "Without end: the last millisecond of 9999."),
        ]), writing: AdminUser(user: .example, role: .user, suspension: .endless).append)

    static let list = Component(
        "AdminUserList", .list(of: component),
        example: ["items": [component.example], "next": Component.cursor.example])
}

extension Suspension {
    /// By which clients and the command line say that there is no end: 9999-12-31T23:59:59.999Z.
    private static let lastTime: Int64 = 253_402_300_799_999

    /// - Parameter time: milliseconds since 1970.
    init(until time: Int64) { self = time == Self.lastTime ? .endless : Suspension(end: time) }

    var text: String { rfc3339(milliseconds: min(end, Self.lastTime)) }
}
